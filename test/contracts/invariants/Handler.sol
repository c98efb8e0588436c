// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Audit} from "./Audit.sol";
import {ExpectedTab} from "./Ledger.sol";
import {World} from "./World.sol";

/// @title All that can be done to an escrow, and the world around it
contract Handler is Audit {
    constructor(uint256 feeBps) World(feeBps) {
        // Work for the first calls of a run, and money for the first settlements.
        _begin(feeBps);
        for (uint256 i = 0; i < 4; ++i) {
            _newJob(i == 0, false);
        }
        for (uint256 i = 0; i < _payers.length; ++i) {
            for (uint256 j = 0; j < _providers.length; ++j) {
                _startTab(_payers[i], _providers[j]);
            }
        }
    }

    /// @notice Money that nobody accounts for.
    function donate(uint256 seed) external {
        _begin(seed);
        address donor = _anyone();
        uint256 amount = _roll(1e6);
        if (!_canPull(donor, amount)) return;

        vm.prank(donor);
        TOKEN.transfer(address(ESCROW), amount);
        _expectedWallets[donor] -= amount;
        _donated += amount;
        ++successes[msg.sig];
    }

    function pause(uint256 seed) external {
        _begin(seed);
        TOKEN.setPaused(_oneIn(6));
        ++successes[msg.sig];
    }

    function blacklist(uint256 seed) external {
        _begin(seed);
        TOKEN.setBlacklisted(_oneIn(16) ? address(ESCROW) : _anyone(), true);
        for (uint256 i = 0; i < 4; ++i) {
            TOKEN.setBlacklisted(_anyone(), false);
        }
        if (!_oneIn(4)) TOKEN.setBlacklisted(address(ESCROW), false);
        ++successes[msg.sig];
    }

    /// @notice Time passes: a little, a lot, or exactly to a moment when something ends, or to the second after.
    function pass(uint256 seed) external {
        _begin(seed);
        uint256 kind = _roll(12);
        uint256 time = block.timestamp + 1 + _roll(kind == 0 ? DELAY : 600);
        if (kind == 1 || kind == 2) time = _jobs[_pick()].request.deadline + _roll(2);
        if (kind == 3 || kind == 4) {
            uint256 started = _expectedTabs[_anyPayer()][_anyProvider()].exitStarted;
            time = started + (kind - 2) * DELAY + _roll(2);
        }
        if (time > block.timestamp && time < block.timestamp + 2 * DELAY) vm.warp(time);
        ++successes[msg.sig];
    }

    function actions() external pure returns (bytes4[] memory selectors) {
        selectors = new bytes4[](20);
        selectors[0] = this.fund.selector;
        selectors[1] = this.fundWithAuthorization.selector;
        selectors[2] = this.stake.selector;
        selectors[3] = this.open.selector;
        selectors[4] = this.reclaim.selector;
        selectors[5] = this.payVault.selector;
        selectors[6] = this.openFromVault.selector;
        selectors[7] = this.openFromVaultPulling.selector;
        selectors[8] = this.ask.selector;
        selectors[9] = this.settle.selector;
        selectors[10] = this.slash.selector;
        selectors[11] = this.contradict.selector;
        selectors[12] = this.startExit.selector;
        selectors[13] = this.exit.selector;
        selectors[14] = this.withdraw.selector;
        selectors[15] = this.donate.selector;
        selectors[16] = this.pause.selector;
        selectors[17] = this.blacklist.selector;
        selectors[18] = this.pass.selector;
        selectors[19] = this.settleOne.selector;
    }

    function _startTab(address payer, address provider) private {
        vm.prank(payer);
        ESCROW.fund(payer, provider, 20e6);
        vm.prank(provider);
        ESCROW.stake(payer, 20e6);
        _bookPull(payer, 20e6);
        _bookPull(provider, 20e6);
        _expectedTabs[payer][provider] = ExpectedTab(20e6, 20e6, 0);
    }
}
