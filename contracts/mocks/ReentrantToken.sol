// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @title A token that calls somebody in the middle of each transfer
/// @notice Plays the tokens with hooks. It calls once when armed, and keeps what it was answered.
contract ReentrantToken is ERC20 {
    address private _target;
    bytes private _call;

    /// @notice How often it has called, whether the last call succeeded, and the first word of the answer to it.
    uint256 public calls;
    bool public succeeded;
    bytes32 public answer;

    constructor() ERC20("Reentrant Token", "REENTER") {}

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function arm(address target, bytes calldata data) external {
        _target = target;
        _call = data;
    }

    /// @notice EIP-3009's, without the signature.
    function transferWithAuthorization(
        address from,
        address to,
        uint256 value,
        uint256,
        uint256,
        bytes32,
        uint8,
        bytes32,
        bytes32
    ) external {
        _transfer(from, to, value);
    }

    /// @notice EIP-3009's, without the signature.
    function receiveWithAuthorization(
        address from,
        address to,
        uint256 value,
        uint256,
        uint256,
        bytes32,
        uint8,
        bytes32,
        bytes32
    ) external {
        _transfer(from, to, value);
    }

    function _update(address from, address to, uint256 value) internal override {
        super._update(from, to, value);
        address target = _target;
        if (target == address(0)) return;

        _target = address(0);
        ++calls;
        bytes memory data;
        (succeeded, data) = target.call(_call);
        answer = bytes32(data);
    }
}
