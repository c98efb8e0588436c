// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Signature} from "../../../contracts/interfaces/IEscrow.sol";
import {Test} from "../helpers/Vm.sol";

/// @title Who takes part, with which keys, and the dice that decide what they do
/// @dev Some accounts have two roles: Dora pays and answers, and sometimes anyone is a prover.
abstract contract Cast is Test {
    // Payers
    address internal immutable ALICE = vm.addr(_keyNamed("Alice"));
    address internal immutable BOB = vm.addr(_keyNamed("Bob"));
    address internal immutable DORA = vm.addr(_keyNamed("Dora"));
    // Providers: Pia answers once, Silas never signs anything, Rex contradicts himself.
    address internal immutable PIA = vm.addr(_keyNamed("Pia"));
    address internal immutable SILAS = vm.addr(_keyNamed("Silas"));
    address internal immutable REX = vm.addr(_keyNamed("Rex"));
    // Provers
    address internal immutable VERA = vm.addr(_keyNamed("Vera"));
    address internal immutable VIKTOR = vm.addr(_keyNamed("Viktor"));
    // Neither pays nor answers, and signs and submits whatever she can.
    address internal immutable MALLORY = vm.addr(_keyNamed("Mallory"));
    address internal immutable FEES = vm.addr(_keyNamed("Fees"));

    address[] internal _payers = [ALICE, BOB, DORA];
    address[] internal _providers = [DORA, PIA, SILAS, REX];
    address[] internal _everyone = [ALICE, BOB, DORA, PIA, SILAS, REX, VERA, VIKTOR, MALLORY, FEES];

    mapping(address account => uint256) private _keys;
    uint256 private _dice;
    /// How many actions were begun: the time stamp of permits, and what makes repeated seeds differ.
    uint256 internal _turn;

    constructor() {
        string[10] memory names = ["Alice", "Bob", "Dora", "Pia", "Silas", "Rex", "Vera", "Viktor", "Mallory", "Fees"];
        for (uint256 i = 0; i < names.length; ++i) {
            _keys[_everyone[i]] = _keyNamed(names[i]);
        }
    }

    function _begin(uint256 seed) internal {
        _dice = uint256(keccak256(abi.encode(seed, ++_turn)));
    }

    /// @dev A number below `sides`.
    function _roll(uint256 sides) internal returns (uint256) {
        _dice = uint256(keccak256(abi.encode(_dice)));
        return _dice % sides;
    }

    function _oneIn(uint256 sides) internal returns (bool) {
        return _roll(sides) == 0;
    }

    function _anyPayer() internal returns (address) {
        return _payers[_roll(_payers.length)];
    }

    /// @dev Silas less often than the others: he moves nothing.
    function _anyProvider() internal returns (address provider) {
        provider = _providers[_roll(_providers.length)];
        if (provider == SILAS) provider = _providers[_roll(_providers.length)];
    }

    function _anyone() internal returns (address) {
        return _everyone[_roll(_everyone.length)];
    }

    /// @dev Mostly who should, sometimes anyone.
    function _mostly(address account) internal returns (address) {
        return _oneIn(6) || account == address(0) ? _anyone() : account;
    }

    function _sign(address signer, bytes32 digest) internal view returns (Signature memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(_keys[signer], digest);
        return Signature(r, bytes32((uint256(v - 27) << 255) | uint256(s)));
    }

    function _keyNamed(string memory name) private pure returns (uint256) {
        return uint256(keccak256(abi.encode("cast", name)));
    }
}
