// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC3009} from "@openzeppelin/contracts/interfaces/draft-IERC3009.sol";

import {Authorization, LockState, Request} from "../../../contracts/interfaces/IEscrow.sol";
import {Job, Rules, Sight} from "./Ledger.sol";
import {LockHandler} from "./LockHandler.sol";

/// @title Payments to vaults, and what is collected from them
abstract contract VaultHandler is LockHandler {
    bytes32 private constant TRANSFER_TYPEHASH = keccak256(
        "TransferWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,"
        "bytes32 nonce)"
    );

    function payVault(uint256 seed) external {
        _begin(seed);
        Job storage job = _jobs[_oneIn(3) ? _pick() : _newJob(true, _oneIn(2))];
        address payer = _anyPayer();
        uint256 amount = _payment(job);
        address vault = ESCROW.vaultOf(job.id);
        if (!_canMove(payer, vault) || _expectedWallets[payer] < amount) return;

        vm.prank(payer);
        TOKEN.transfer(vault, amount);
        _expectedWallets[payer] -= amount;
        job.inVault += amount;
        ++successes[msg.sig];
    }

    function openFromVault(uint256 seed) external {
        _begin(seed);
        Authorization memory authorization;
        authorization.from = _oneIn(12) ? address(0) : _anyPayer();
        _collect(_jobs[_pickPaid()], authorization, 0, true);
    }

    function openFromVaultPulling(uint256 seed) external {
        _begin(seed);
        Job storage job = _jobs[_oneIn(4) ? _pick() : _newJob(true, _oneIn(2))];
        bool genuine = !_oneIn(12);
        Authorization memory authorization = _authorize(job, genuine);
        uint256 value = authorization.value;
        address vault = ESCROW.vaultOf(job.id);
        bool pulls = genuine && _canMove(authorization.from, vault) && _expectedWallets[authorization.from] >= value;
        if (pulls && _oneIn(6)) {
            _submitDirectly(job, vault, authorization);
            pulls = false;
        } else if (_oneIn(8)) {
            authorization.value += 1;
            pulls = false;
        }
        if (pulls) _permit(Falls.Wallet, authorization.from, address(0), value);
        if (!_collect(job, authorization, value, pulls)) return;

        _expectedWallets[authorization.from] -= value;
    }

    function _collect(
        Job storage job,
        Authorization memory authorization,
        uint256 pulled,
        bool pulls
    ) private returns (bool happened) {
        Request memory request = job.request;
        address sender = _mostly(request.provider);
        uint256 arrived = job.inVault + pulled;
        bool opens = request.locked && request.price != 0 && _fits(request.deadline) && job.state == LockState.None;
        // With no payer in the request, only the provider may say whose money it is.
        bool mayName = request.payer != address(0) || (sender == request.provider && authorization.from != address(0));
        bool allowed =
            pulls &&
                mayName &&
                !TOKEN.paused() &&
                !TOKEN.isBlacklisted(address(ESCROW)) &&
                arrived != 0 &&
                (!opens || arrived >= request.price);

        bytes memory data = abi.encodeCall(ESCROW.openFromVault, (request, authorization));
        (happened, ) = _act(sender, data, allowed, Rules.CONSENT, "collected without leave");
        if (!happened) return false;

        address payer = request.payer == address(0) ? authorization.from : request.payer;
        job.inVault = 0;
        _moneyIn += arrived;
        if (opens) {
            _see(Sight.VaultOpened);
            _bookOpening(job, payer);
        }
        _expectedBalances[payer] += opens ? arrived - request.price : arrived;
    }

    function _authorize(Job storage job, bool genuine) private returns (Authorization memory authorization) {
        authorization.from = _anyPayer();
        authorization.value = _payment(job);
        authorization.validBefore = block.timestamp + 1;
        authorization.nonce = bytes32(_turn);
        bytes32 hash = keccak256(
            abi.encode(
                TRANSFER_TYPEHASH,
                authorization.from,
                ESCROW.vaultOf(job.id),
                authorization.value,
                authorization.validAfter,
                authorization.validBefore,
                authorization.nonce
            )
        );
        authorization.signature = _sign(genuine ? authorization.from : MALLORY, _tokenDigest(hash));
    }

    /// @dev Anybody may submit an authorization to the token first: then the money waits in the vault.
    function _submitDirectly(Job storage job, address vault, Authorization memory authorization) private {
        IERC3009(address(TOKEN)).transferWithAuthorization(
            authorization.from,
            vault,
            authorization.value,
            authorization.validAfter,
            authorization.validBefore,
            authorization.nonce,
            uint8((uint256(authorization.signature.vs) >> 255) + 27),
            authorization.signature.r,
            (authorization.signature.vs << 1) >> 1
        );
        _expectedWallets[authorization.from] -= authorization.value;
        job.inVault += authorization.value;
        _see(Sight.AuthorizationFrontRun);
    }

    /// @dev Mostly the price, else a little less, or more.
    function _payment(Job storage job) private returns (uint256) {
        uint256 price = job.request.price;
        uint256 kind = _roll(6);
        if (kind == 0 && price != 0) return price - 1;
        if (kind == 1) return price + 1 + _roll(1e6);
        return price;
    }

    /// @dev A job whose vault was paid, if a few tries find one.
    function _pickPaid() private returns (uint256 place) {
        for (uint256 i = 0; i < 8; ++i) {
            place = _pick();
            if (_jobs[place].inVault != 0) return place;
        }
    }
}
