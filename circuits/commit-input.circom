pragma circom 2.2.2;

include "circomlib/circuits/bitify.circom";
include "circomlib/circuits/poseidon.circom";

// "assay.in" in ASCII: no commitment to an input is a hash of anything else.
function TAG_IN() {
    return 0x61737361792e696e;
}

// CommitInput(COUNT, BITS)
//
// Proves     every field is in [0, 2^BITS), and commitment = Poseidon(TAG_IN, salt, packed), where packed holds the
//            fields little-endian: field i has the weight 2^(i * BITS).
// Why it determines its output
//            1. The fields' ranges make the packing one-to-one, since COUNT * BITS <= 252 is below the field's size.
//            2. Poseidon's constraints determine the hash of (TAG_IN, salt, packed).
// Assumes    COUNT * BITS <= 252 (asserted when it is compiled, so it cannot be proven away).
// Does not check: the salt. Whoever commits draws it uniformly below the field's size, once, or the input can be
//            guessed from the commitment.
// Cost       COUNT * (BITS + 1) for the ranges, and one Poseidon of three elements.
template CommitInput(COUNT, BITS) {
    assert(COUNT * BITS <= 252);

    signal input fields[COUNT];
    signal input salt;
    signal output commitment;

    var packed = 0;
    for (var i = 0; i < COUNT; i++) {
        _ <== Num2Bits(BITS)(fields[i]);
        packed += fields[i] * 2 ** (i * BITS);
    }
    commitment <== Poseidon(3)([TAG_IN(), salt, packed]);
}
