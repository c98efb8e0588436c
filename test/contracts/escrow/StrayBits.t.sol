// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Authorization, Fill, Request} from "../../../contracts/interfaces/IEscrow.sol";
import {EscrowTest} from "../helpers/EscrowTest.sol";

/// @notice A request whose fields have bits beyond their types has an id that its own terms do not lead to. With such
/// an id in a lock, a provider could sell what nobody can settle, or slash.
contract StrayBitsTest is EscrowTest {
    /// Where a request's words that are not whole ones are: all but model, input and nonce.
    uint256[9] private _narrow = [uint256(0), 1, 2, 3, 6, 7, 8, 9, 10];

    function test_open_refusesStrayBits() external {
        _assertRefuses(agent, abi.encodeCall(escrow.open, (_lockRequest())), 4);
    }

    function test_openFromVault_refusesStrayBits() external {
        Request memory request = _lockRequest();
        usdc.mint(escrow.vaultOf(escrow.idOf(request)), PRICE);
        Authorization memory arrived;
        _assertRefuses(agent, abi.encodeCall(escrow.openFromVault, (request, arrived)), 4);
    }

    function test_settle_paysNothingForStrayBits() external {
        Fill[] memory fills = _one(_fillOf(_request()));
        bytes memory data = abi.encodeCall(escrow.settle, (fills, _prove(fills)));
        // After the selector: two offsets and the number of fills.
        for (uint256 i = 0; i < _narrow.length; ++i) {
            bytes memory dirty = _withStrayBit(data, 4 + 3 * 32 + _narrow[i] * 32);
            (bool success, bytes memory result) = address(escrow).call(dirty);
            // Where settle does not read the field, its id is still another, and so nobody signed it.
            if (success) vm.assertEq(abi.decode(result, (uint256)), 0, "settled");
        }
        vm.assertFalse(escrow.isNonceUsed(agent, provider, 0), "nonce");
    }

    function _assertRefuses(address sender, bytes memory data, uint256 requestAt) private {
        for (uint256 i = 0; i < _narrow.length; ++i) {
            bytes memory dirty = _withStrayBit(data, requestAt + _narrow[i] * 32);
            vm.prank(sender);
            (bool success, ) = address(escrow).call(dirty);
            vm.assertFalse(success, "opened");
        }
        vm.prank(sender);
        (bool clean, ) = address(escrow).call(data);
        vm.assertTrue(clean, "not opened");
    }

    function _withStrayBit(bytes memory data, uint256 offset) private pure returns (bytes memory dirty) {
        dirty = bytes.concat(data);
        dirty[offset] ^= 0x80;
    }
}
