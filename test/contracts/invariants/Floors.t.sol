// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Test} from "../helpers/Vm.sol";
import {Handler} from "./Handler.sol";
import {Rules, Sight} from "./Ledger.sol";

/// @title That the handlers do their work: what random lives of known seeds amount to
/// @dev An invariant over calls that all revert holds, and says nothing. The campaigns draw from the same actions with
/// the same odds, and forget their counts after each run; here nothing is forgotten.
contract Floors is Test {
    uint256 private constant RUNS = 24;
    uint256 private constant DEPTH = 128;
    uint256 private constant FEE_BPS = 137;
    uint256 private constant SIGHTS = uint256(type(Sight).max) + 1;

    mapping(bytes4 action => uint256) private _successes;
    mapping(Sight what => uint256) private _sightings;

    error BelowFloor(string signature, uint256 successes, uint256 floor);
    error SeldomSeen(Sight what, uint256 sightings, uint256 floor);

    function test_handlers_succeedOftenEnough() external {
        for (uint256 run = 0; run < RUNS; ++run) {
            _live(run);
        }

        _checkAction("fund(uint256)", 60);
        _checkAction("fundWithAuthorization(uint256)", 40);
        _checkAction("stake(uint256)", 50);
        _checkAction("open(uint256)", 30);
        _checkAction("reclaim(uint256)", 15);
        _checkAction("payVault(uint256)", 80);
        _checkAction("openFromVault(uint256)", 30);
        _checkAction("openFromVaultPulling(uint256)", 40);
        _checkAction("ask(uint256)", 100);
        _checkAction("settle(uint256)", 100);
        _checkAction("settleOne(uint256)", 100);
        _checkAction("slash(uint256)", 5);
        _checkAction("contradict(uint256)", 25);
        _checkAction("startExit(uint256)", 70);
        _checkAction("exit(uint256)", 5);
        _checkAction("withdraw(uint256)", 40);
        _checkAction("donate(uint256)", 80);
        _checkAction("pause(uint256)", 100);
        _checkAction("blacklist(uint256)", 100);
        _checkAction("pass(uint256)", 100);

        for (uint256 i = 0; i < SIGHTS; ++i) {
            bool frequent = i == uint256(Sight.TabPaid) || i == uint256(Sight.LockPaid);
            uint256 floor = frequent ? 30 : 2;
            if (_sightings[Sight(i)] < floor) revert SeldomSeen(Sight(i), _sightings[Sight(i)], floor);
        }
    }

    function _live(uint256 run) private {
        Handler handler = new Handler(FEE_BPS);
        bytes4[] memory actions = handler.actions();
        for (uint256 i = 0; i < DEPTH; ++i) {
            uint256 seed = uint256(keccak256(abi.encode(run, i)));
            (bool success, ) = address(handler).call(abi.encodeWithSelector(actions[seed % actions.length], seed));
            // A handler that reverts would take back what it had the escrow do.
            vm.assertTrue(success, "a handler reverted");
        }
        for (uint256 rule = Rules.SOLVENCY; rule <= Rules.NAMED_REFUSAL; ++rule) {
            handler.checkRule(rule);
        }
        handler.checkBooks();
        handler.drain();

        for (uint256 i = 0; i < actions.length; ++i) {
            _successes[actions[i]] += handler.successes(actions[i]);
        }
        for (uint256 i = 0; i < SIGHTS; ++i) {
            _sightings[Sight(i)] += handler.sightings(Sight(i));
        }
    }

    function _checkAction(string memory signature, uint256 floor) private view {
        uint256 successes = _successes[bytes4(keccak256(bytes(signature)))];
        if (successes < floor) revert BelowFloor(signature, successes, floor);
    }
}
