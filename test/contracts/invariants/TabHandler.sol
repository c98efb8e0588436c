// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Signature} from "../../../contracts/interfaces/IEscrow.sol";
import {Jobs} from "./Jobs.sol";
import {Rules} from "./Ledger.sol";

/// @notice A payer's signed authorization to fund a tab.
struct Funding {
    address payer;
    address provider;
    uint96 amount;
    uint256 validBefore;
    bytes32 salt;
}

/// @title Money into tabs
abstract contract TabHandler is Jobs {
    bytes32 internal constant RECEIVE_TYPEHASH = keccak256(
        "ReceiveWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,"
        "bytes32 nonce)"
    );

    mapping(address payer => mapping(bytes32 nonce => bool)) internal _spentAuthorizations;
    Funding private _last;

    function fund(uint256 seed) external {
        _begin(seed);
        (address payer, address provider, address sender) = (_anyPayer(), _anyProvider(), _anyone());
        uint96 amount = _amount(sender);

        _permit(Falls.Wallet, sender, address(0), amount);
        bytes memory data = abi.encodeCall(ESCROW.fund, (payer, provider, amount));
        bool allowed = amount != 0 && _canPull(sender, amount);
        (bool happened, ) = _act(sender, data, allowed, Rules.CONSERVATION, "fund outdid the wallet");
        if (!happened) return;

        _bookPull(sender, amount);
        _expectedTabs[payer][provider].funds += amount;
    }

    function fundWithAuthorization(uint256 seed) external {
        _begin(seed);
        // Now and then the last one again: an authorization works once.
        Funding memory funding = _oneIn(6) && _last.payer != address(0) ? _last : _newFunding();
        _last = funding;
        bytes32 nonce = keccak256(abi.encode(funding.provider, funding.salt));
        Signature memory signature = _signReceive(funding, nonce);
        (address provider, uint96 amount) = (funding.provider, funding.amount);
        // Whoever submits it cannot send it elsewhere, nor change it.
        if (_oneIn(6)) provider = _anyProvider();
        if (_oneIn(12)) amount += 1;
        bool genuine = provider == funding.provider && amount == funding.amount && amount != 0;
        bool allowed =
            genuine &&
                block.timestamp < funding.validBefore &&
                !_spentAuthorizations[funding.payer][nonce] &&
                _canPull(funding.payer, amount);

        if (genuine) _permit(Falls.Wallet, funding.payer, address(0), amount);
        bytes memory data = abi.encodeCall(
            ESCROW.fundWithAuthorization,
            (funding.payer, provider, amount, 0, funding.validBefore, funding.salt, signature)
        );
        (bool happened, ) = _act(_anyone(), data, allowed, Rules.CONSENT, "authorization stretched");
        if (!happened) return;

        _spentAuthorizations[funding.payer][nonce] = true;
        _bookPull(funding.payer, amount);
        _expectedTabs[funding.payer][provider].funds += amount;
    }

    function stake(uint256 seed) external {
        _begin(seed);
        (address payer, address provider) = (_anyPayer(), _anyProvider());
        uint96 amount = _amount(provider);

        _permit(Falls.Wallet, provider, address(0), amount);
        bytes memory data = abi.encodeCall(ESCROW.stake, (payer, amount));
        bool allowed = amount != 0 && _canPull(provider, amount);
        (bool happened, ) = _act(provider, data, allowed, Rules.CONSERVATION, "stake outdid the wallet");
        if (!happened) return;

        _bookPull(provider, amount);
        _expectedTabs[payer][provider].stake += amount;
    }

    function _amount(address from) internal returns (uint96) {
        uint256 kind = _roll(16);
        if (kind == 0) return 0;
        if (kind == 1) return uint96(_expectedWallets[from] + 1);
        return uint96(1 + _roll(kind < 4 ? 1000 : 50e6));
    }

    function _newFunding() private returns (Funding memory) {
        address payer = _anyPayer();
        uint256 validBefore = block.timestamp + (_oneIn(8) ? 0 : DELAY);
        return Funding(payer, _anyProvider(), _amount(payer), validBefore, bytes32(_turn));
    }

    function _signReceive(Funding memory funding, bytes32 nonce) private view returns (Signature memory) {
        bytes32 hash = keccak256(
            abi.encode(RECEIVE_TYPEHASH, funding.payer, ESCROW, funding.amount, 0, funding.validBefore, nonce)
        );
        return _sign(funding.payer, _tokenDigest(hash));
    }

    function _tokenDigest(bytes32 hash) internal view returns (bytes32) {
        return keccak256(abi.encodePacked(hex"1901", TOKEN.DOMAIN_SEPARATOR(), hash));
    }
}
