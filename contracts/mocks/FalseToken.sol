// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @title A token that refuses by returning false
/// @notice Plays the old tokens that do not revert when they move nothing.
contract FalseToken is ERC20 {
    bool public isRefusing;

    constructor() ERC20("False Token", "FALSE") {}

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function setRefusing(bool value) external {
        isRefusing = value;
    }

    function transfer(address to, uint256 value) public override returns (bool) {
        return !isRefusing && super.transfer(to, value);
    }

    function transferFrom(address from, address to, uint256 value) public override returns (bool) {
        return !isRefusing && super.transferFrom(from, to, value);
    }
}
