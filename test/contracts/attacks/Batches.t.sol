// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Fill, IEscrow, Request, Skip} from "../../../contracts/interfaces/IEscrow.sol";
import {EscrowTest} from "../helpers/EscrowTest.sol";

/// @notice Thieves who batch: what is read once and written without a second look gives nobody more than is owed.
contract BatchesTest is EscrowTest {
    /// A signature check that runs out of gas finds no signer. Were there gas left to go on, whoever submits could have
    /// an owed fill skipped.
    function test_attack_starvedSignatureChecksSkipNothing() external {
        Fill[] memory fills = _two(_fillOf(_requestOf(1)), _fillOf(_requestOf(2)));
        bytes memory call = abi.encodeCall(IEscrow.settle, (fills, _prove(fills)));
        uint256 starved = 0;
        for (uint256 gasLimit = 20_000; ; gasLimit += 331) {
            uint256 before = vm.snapshotState();
            (bool success, bytes memory result) = address(escrow).call{gas: gasLimit}(call);
            vm.revertToState(before);
            if (success) {
                vm.assertEq(abi.decode(result, (uint256)), 2, "settled");
                break;
            }
            ++starved;
        }
        vm.assertGt(starved, 100, "starved calls");
    }

    /// Funds share their word with the stake and the exit's clock: the last unit is theirs alone to lose.
    function testFuzz_attack_drainedFundsTakeNothingFromTheStake(uint96 first, uint96 beyond) external {
        vm.prank(provider);
        escrow.startExit(agent, provider);
        first = uint96(bound(first, 1, FUNDS - 1));
        beyond = uint96(bound(beyond, 1, type(uint96).max - FUNDS));
        (Fill memory one, Fill memory rest) = (_freeOf(1, first), _freeOf(2, FUNDS - first));
        Books memory books = _books();

        Fill memory tooMuch = _freeOf(2, FUNDS - first + beyond);
        _expectSkipped(tooMuch, Skip.Underfunded);
        vm.assertEq(_settle(_two(one, tooMuch)), 1, "settled");
        vm.assertEq(_settle(rest), 1, "settled");
        _assertSkipped(_freeOf(3, 1), Skip.Underfunded);

        books.tab.funds = 0;
        uint256 fees = (first * FEE_BPS) / 10_000 + ((FUNDS - first) * FEE_BPS) / 10_000;
        books.treasury += fees;
        books.provider += FUNDS - fees;
        _assertBooks(books);
    }

    /// 256 nonces share a word: none is used twice in a batch, and none with another.
    function testFuzz_attack_oneNonceTwiceInABatchPaysOnce(uint256 nonce, uint256 other) external {
        if (other == nonce) other ^= 1;
        Fill memory twin = _freeOf(nonce, CHARGE - 1);
        _expectSkipped(twin, Skip.Closed);
        vm.assertEq(_settle(_two(_freeOf(nonce, CHARGE), twin)), 1, "settled");
        vm.assertEq(escrow.tabOf(agent, provider).funds, FUNDS - CHARGE, "funds");

        uint256[4] memory neighbours = [
            other,
            nonce ^ (1 << (other % 256)),
            nonce ^ 0xff,
            (nonce & 0xff) | (other << 8)
        ];
        for (uint256 i = 0; i < neighbours.length; ++i) {
            if (neighbours[i] == nonce) continue;
            vm.assertFalse(escrow.isNonceUsed(agent, provider, neighbours[i]), "neighbour");
        }
        vm.assertEq(_settle(_freeOf(other, CHARGE)), 1, "other nonce");
        vm.assertTrue(escrow.isNonceUsed(agent, provider, nonce), "nonce");
        _assertSkipped(_freeOf(nonce, CHARGE), Skip.Closed);
    }

    /// @dev Pays its prover nothing.
    function _freeOf(uint256 nonce, uint96 charge) private view returns (Fill memory) {
        Request memory request = _requestOf(nonce);
        (request.price, request.proverFee) = (charge, 0);
        return _fillOf(request, charge);
    }
}
