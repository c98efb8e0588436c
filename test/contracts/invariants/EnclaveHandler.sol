// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Signature} from "../../../contracts/interfaces/IEscrow.sol";
import {Claim} from "../../../contracts/interfaces/IVerifier.sol";
import {EnclaveKey, Enrolment} from "../../../contracts/verifiers/EnclaveVerifier.sol";
import {EnclaveTest} from "../helpers/EnclaveTest.sol";

/// @notice What a life of the verifier must have shown, for its rules to mean something.
enum EnclaveSight {
    Held,
    StrangersAnswer,
    OtherMeasurementsAnswer,
    ExpiredAnswer,
    RevokedKeysAnswer,
    RevokedMeasurementsAnswer,
    FirstEnrolment,
    Renewal,
    BadQuorum,
    StaleEnrolment,
    EnrolmentElsewhere,
    EnrolmentOfRevoked
}

/// @title Random lives of a verifier: attesters who sign or do not, keys that come and go, answers by all of them
/// @dev What should be is kept here, from who signed what and when. The verifier is asked only for what it says.
contract EnclaveHandler is EnclaveTest {
    /// @notice What a key should be.
    struct Expected {
        bytes32 measurement;
        uint8 platform;
        uint40 expiry;
        bool isRevoked;
    }

    uint256 internal constant LIVE_KEYS = 15;
    uint256 internal constant FOR_GOOD = 16;
    uint256 internal constant QUORUM = 17;
    uint256 private constant KEYS = 5;
    uint256 private constant MEASUREMENTS = 3;

    mapping(uint256 rule => string) public breaches;
    mapping(bytes4 action => uint256) public successes;
    mapping(EnclaveSight what => uint256) public sightings;

    mapping(address key => Expected) private _expected;
    mapping(bytes32 measurement => bool) private _expectedRevoked;
    bytes32[MEASUREMENTS] private _models;
    uint256 private _dice;
    uint256 private _turn;

    error Breach(uint256 rule, string what);

    constructor() {
        vm.warp(NOW);
        enclaves = _deploy();
        for (uint256 i = 0; i < MEASUREMENTS; ++i) {
            _models[i] = enclaves.publish(_measurement(i), MANIFEST, "");
        }
    }

    function setUp() public override {}

    // Actions

    /// @notice An enrolment, mostly of what it may be, signed by whoever comes along.
    function enrol(uint256 seed) external {
        _begin(seed);
        Enrolment memory enrolment = _anyEnrolment();
        (Signature[] memory signatures, bool isQuorum) = _anySignatures(_digestOf(enrolment));
        bool allowed = isQuorum && _mayEnrol(enrolment);
        if (!isQuorum) ++sightings[EnclaveSight.BadQuorum];

        bool done = _do(abi.encodeCall(enclaves.enrol, (enrolment, signatures)), allowed);
        if (!done) return;
        Expected storage known = _expected[enrolment.key];
        ++sightings[known.expiry == 0 ? EnclaveSight.FirstEnrolment : EnclaveSight.Renewal];
        (known.measurement, known.platform) = (enrolment.measurement, enrolment.platform);
        known.expiry = enrolment.expiry;
    }

    function revokeKey(uint256 seed) external {
        _begin(seed);
        // Seldom, or nobody would be left.
        if (_roll(4) != 0) return;
        address revoked = vm.addr(_anyKey());
        (Signature[] memory signatures, bool isQuorum) = _anySignatures(_digestOfKeyRevocation(revoked));
        bool allowed = isQuorum && !_expected[revoked].isRevoked;
        if (_do(abi.encodeCall(enclaves.revokeKey, (revoked, signatures)), allowed)) {
            _expected[revoked].isRevoked = true;
        }
    }

    function revokeMeasurement(uint256 seed) external {
        _begin(seed);
        if (_roll(8) != 0) return;
        bytes32 revoked = _measurement(_roll(MEASUREMENTS));
        (Signature[] memory signatures, bool isQuorum) = _anySignatures(_digestOfMeasurementRevocation(revoked));
        bool allowed = isQuorum && !_expectedRevoked[revoked];
        if (_do(abi.encodeCall(enclaves.revokeMeasurement, (revoked, signatures)), allowed)) {
            _expectedRevoked[revoked] = true;
        }
    }

    /// @notice One to three answers, by any keys, in the name of any models.
    function answer(uint256 seed) external {
        _begin(seed);
        Claim[] memory claims = new Claim[](1 + _roll(3));
        bytes memory proof;
        bool holds = true;
        for (uint256 i = 0; i < claims.length; ++i) {
            uint256 place = _roll(MEASUREMENTS);
            uint256 privateKey = _anyKey();
            bytes32 own = _expected[vm.addr(privateKey)].measurement;
            // Mostly in the name of its own model.
            for (uint256 j = 0; j < MEASUREMENTS && _roll(4) != 0; ++j) {
                if (_measurement(j) == own) place = j;
            }
            claims[i] = _claimOf(bytes32(_turn * 8 + i), _models[place]);
            proof = abi.encodePacked(proof, _answer(privateKey, claims[i]));
            if (!_see(vm.addr(privateKey), _measurement(place))) holds = false;
        }
        if (enclaves.verify(claims, proof) != holds)
            _breach(LIVE_KEYS, "an answer was believed wrongly, or not at all");
        ++successes[msg.sig];
    }

    /// @notice Time passes: mostly days, or exactly to a key's last second, or to the one after.
    function pass(uint256 seed) external {
        _begin(seed);
        uint256 time = block.timestamp + 1 + _roll(6 days);
        if (_roll(3) == 0) time = _expected[vm.addr(_anyKey())].expiry + _roll(2);
        if (time > block.timestamp) vm.warp(time);
        ++successes[msg.sig];
    }

    function actions() external pure returns (bytes4[] memory selectors) {
        selectors = new bytes4[](7);
        selectors[0] = this.enrol.selector;
        selectors[1] = this.revokeKey.selector;
        selectors[2] = this.revokeMeasurement.selector;
        selectors[3] = this.answer.selector;
        selectors[4] = this.pass.selector;
        // Twice: a life is mostly of these.
        selectors[5] = this.enrol.selector;
        selectors[6] = this.answer.selector;
    }

    // Rules

    /// @notice Compares all that the verifier says with what should be, and reverts if a rule was ever broken.
    function checkRule(uint256 rule) external view {
        if (bytes(breaches[rule]).length != 0) revert Breach(rule, breaches[rule]);
        for (uint256 i = 0; i < MEASUREMENTS; ++i) {
            bytes32 measurement = _measurement(i);
            if (enclaves.isRevoked(measurement) != _expectedRevoked[measurement]) revert Breach(rule, "a measurement");
        }
        for (uint256 i = 0; i < KEYS; ++i) {
            address known = vm.addr(KEY + i);
            EnclaveKey memory found = enclaves.keyOf(known);
            Expected memory expected = _expected[known];
            bool same =
                found.measurement == expected.measurement &&
                    found.platform == expected.platform &&
                    found.expiry == expected.expiry &&
                    found.isRevoked == expected.isRevoked;
            if (!same) revert Breach(rule, "a key");
            if (enclaves.isLive(known) != _isLive(known)) revert Breach(rule, "a key's life");
        }
    }

    function _do(bytes memory data, bool allowed) private returns (bool done) {
        (done, ) = address(enclaves).call(data);
        if (done && !allowed) _breach(_isSigned ? FOR_GOOD : QUORUM, "something was done that may not be");
        if (!done && allowed) _breach(QUORUM, "what a quorum signed was refused");
        if (done) ++successes[msg.sig];
    }

    function _breach(uint256 rule, string memory what) private {
        breaches[rule] = what;
    }

    // What should be

    function _isLive(address known) private view returns (bool) {
        Expected memory expected = _expected[known];
        return block.timestamp <= expected.expiry && !expected.isRevoked && !_expectedRevoked[expected.measurement];
    }

    function _mayEnrol(Enrolment memory enrolment) private returns (bool) {
        Expected memory known = _expected[enrolment.key];
        if (known.isRevoked || _expectedRevoked[enrolment.measurement]) {
            ++sightings[EnclaveSight.EnrolmentOfRevoked];
            return false;
        }
        if (enrolment.expiry <= block.timestamp || enrolment.expiry > block.timestamp + 90 days) return false;
        if (known.expiry == 0) return true;
        if (known.measurement != enrolment.measurement || known.platform != enrolment.platform) {
            ++sightings[EnclaveSight.EnrolmentElsewhere];
            return false;
        }
        if (enrolment.expiry <= known.expiry) {
            ++sightings[EnclaveSight.StaleEnrolment];
            return false;
        }
        return true;
    }

    /// @dev Whether an answer by this key for a model of this measurement should hold.
    function _see(address signer, bytes32 measurement) private returns (bool) {
        Expected memory known = _expected[signer];
        if (known.expiry == 0) ++sightings[EnclaveSight.StrangersAnswer];
        else if (known.measurement != measurement) ++sightings[EnclaveSight.OtherMeasurementsAnswer];
        else if (known.isRevoked) ++sightings[EnclaveSight.RevokedKeysAnswer];
        else if (_expectedRevoked[measurement]) ++sightings[EnclaveSight.RevokedMeasurementsAnswer];
        else if (block.timestamp > known.expiry) ++sightings[EnclaveSight.ExpiredAnswer];
        else ++sightings[EnclaveSight.Held];
        return known.measurement == measurement && _isLive(signer);
    }

    // Dice

    bool private _isSigned;

    /// @dev Zero to three signatures by attesters and a stranger, in any order; mostly two as they should be.
    function _anySignatures(bytes32 digest) private returns (Signature[] memory signatures, bool isQuorum) {
        if (_roll(3) != 0) {
            _isSigned = true;
            uint256 left = _roll(3);
            return (_by(digest, attesterKeys[left == 0 ? 1 : 0], attesterKeys[left == 2 ? 1 : 2]), true);
        }
        signatures = new Signature[](_roll(4));
        isQuorum = signatures.length >= 2;
        uint256 next = 0;
        for (uint256 i = 0; i < signatures.length; ++i) {
            uint256 place = _roll(4);
            bool other = _roll(6) == 0;
            uint256 signer = place == 3 ? STRANGER : attesterKeys[place];
            signatures[i] = _sign(signer, other ? keccak256(abi.encode(digest)) : digest);
            if (place == 3 || place < next || other) isQuorum = false;
            next = place + 1;
        }
        _isSigned = isQuorum;
    }

    function _anyEnrolment() private returns (Enrolment memory enrolment) {
        enrolment = _enrolmentOf(_anyKey(), _measurement(_roll(MEASUREMENTS)));
        enrolment.platform = uint8(1 + _roll(3));
        enrolment.expiry = uint40(block.timestamp + _roll(100 days));
        Expected memory known = _expected[enrolment.key];
        if (known.expiry != 0 && _roll(4) != 0) {
            (enrolment.measurement, enrolment.platform) = (known.measurement, known.platform);
        }
    }

    function _anyKey() private returns (uint256) {
        return KEY + _roll(KEYS);
    }

    function _measurement(uint256 index) private pure returns (bytes32) {
        return keccak256(abi.encode("measurement", index));
    }

    function _begin(uint256 seed) private {
        _dice = uint256(keccak256(abi.encode(seed, ++_turn)));
    }

    function _roll(uint256 sides) private returns (uint256) {
        _dice = uint256(keccak256(abi.encode(_dice)));
        return _dice % sides;
    }
}
