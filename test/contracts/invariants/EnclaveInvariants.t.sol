// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Test} from "../helpers/Vm.sol";
import {EnclaveHandler, EnclaveSight} from "./EnclaveHandler.sol";
import {FuzzSelector} from "./MoneyInvariants.t.sol";

/// @title Random lives of the enclaves' verifier, each step of which keeps properties 15 to 17 of docs/properties.md
contract EnclaveInvariants {
    EnclaveHandler private _handler;

    function setUp() external {
        _handler = new EnclaveHandler();
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_handler);
    }

    function targetSelectors() external view returns (FuzzSelector[] memory targets) {
        targets = new FuzzSelector[](1);
        targets[0] = FuzzSelector(address(_handler), _handler.actions());
    }

    function invariant_15_liveKeysAlone() external view {
        _handler.checkRule(15);
    }

    function invariant_16_forGood() external view {
        _handler.checkRule(16);
    }

    function invariant_17_quorum() external view {
        _handler.checkRule(17);
    }
}

/// @title That the lives are eventful: what known seeds amount to
contract EnclaveFloors is Test {
    uint256 private constant RUNS = 16;
    uint256 private constant DEPTH = 96;
    uint256 private constant SIGHTS = uint256(type(EnclaveSight).max) + 1;
    uint256 private constant LEAST_SIGHTINGS = 10;

    mapping(bytes4 action => uint256) private _successes;
    mapping(EnclaveSight what => uint256) private _sightings;

    error BelowFloor(string signature, uint256 successes, uint256 floor);
    error SeldomSeen(EnclaveSight what, uint256 sightings, uint256 floor);

    function test_enclaveHandler_succeedsOftenEnough() external {
        for (uint256 run = 0; run < RUNS; ++run) {
            _live(run);
        }
        _checkAction("enrol(uint256)", 60);
        _checkAction("revokeKey(uint256)", 15);
        _checkAction("revokeMeasurement(uint256)", 10);
        _checkAction("answer(uint256)", 200);
        _checkAction("pass(uint256)", 100);
        for (uint256 i = 0; i < SIGHTS; ++i) {
            uint256 sightings = _sightings[EnclaveSight(i)];
            if (sightings < LEAST_SIGHTINGS) revert SeldomSeen(EnclaveSight(i), sightings, LEAST_SIGHTINGS);
        }
    }

    function _live(uint256 run) private {
        EnclaveHandler handler = new EnclaveHandler();
        bytes4[] memory actions = handler.actions();
        for (uint256 i = 0; i < DEPTH; ++i) {
            uint256 seed = uint256(keccak256(abi.encode(run, i)));
            (bool success, ) = address(handler).call(abi.encodeWithSelector(actions[seed % actions.length], seed));
            vm.assertTrue(success, "the handler reverted");
        }
        for (uint256 rule = 15; rule <= 17; ++rule) {
            handler.checkRule(rule);
        }
        // Two places of the list are repeated.
        for (uint256 i = 0; i < 5; ++i) {
            _successes[actions[i]] += handler.successes(actions[i]);
        }
        for (uint256 i = 0; i < SIGHTS; ++i) {
            _sightings[EnclaveSight(i)] += handler.sightings(EnclaveSight(i));
        }
    }

    function _checkAction(string memory signature, uint256 floor) private view {
        uint256 successes = _successes[bytes4(keccak256(bytes(signature)))];
        if (successes < floor) revert BelowFloor(signature, successes, floor);
    }
}
