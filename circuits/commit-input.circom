pragma circom 2.2.2;

include "in-range.circom";
include "packing.circom";
include "poseidon.circom";

// "assay.in" in ASCII: no commitment to an input is a hash of anything else.
function TAG_IN() {
    return 0x61737361792e696e;
}

// CommitInput(COUNT, BITS, CHECKED)
//
// Proves     every field with CHECKED[i] = 1 is in [0, 2^BITS[i]), and commitment is Poseidon(TAG_IN, salt, elements),
//            where the elements hold the fields as packing.circom tells. Beyond 14 elements the hash of the first ones
//            is the first element of the next hash, which takes 15 more.
// Why it determines its output
//            1. The fields' ranges make the packing one-to-one.
//            2. Poseidon's constraints determine each hash.
// Assumes    fields with CHECKED[i] = 0 are checked elsewhere (OneHot does), and each BITS[i] is at most 252.
// Does not check: the salt. Whoever commits draws it uniformly below the field's size, once, or the input can be
//            guessed from the commitment.
// Cost       the widths of the checked fields, and the hashes.
template CommitInput(COUNT, BITS, CHECKED) {
    signal input fields[COUNT];
    signal input salt;
    signal output commitment;

    for (var i = 0; i < COUNT; i++) {
        if (CHECKED[i] == 1) {
            InRange(BITS[i])(fields[i]);
        }
    }
    commitment <== HashElements(COUNT, BITS, 1)(fields, salt);
}

// RevealInput(COUNT, BITS, CHECKED)
//
// Proves     the same of an input that is public: the commitment is its only element, or, if it has more than one, their
//            hash with the salt zero.
// Cost       the widths of the checked fields, and one constraint or the hashes.
template RevealInput(COUNT, BITS, CHECKED) {
    signal input fields[COUNT];
    signal output commitment;

    for (var i = 0; i < COUNT; i++) {
        if (CHECKED[i] == 1) {
            InRange(BITS[i])(fields[i]);
        }
    }
    if (elementCount(COUNT, BITS) == 1) {
        var packed = 0;
        var used = 0;
        for (var i = 0; i < COUNT; i++) {
            packed += fields[i] * 2 ** used;
            used += BITS[i];
        }
        commitment <== packed;
    } else {
        commitment <== HashElements(COUNT, BITS, 0)(fields, 0);
    }
}

// The hashes of both: HIDDEN is 0 where the salt is zero.
template HashElements(COUNT, BITS, HIDDEN) {
    signal input fields[COUNT];
    signal input salt;
    signal output out;

    var ELEMENTS = elementCount(COUNT, BITS);
    // The first takes the tag, the salt and 14 elements; each other one the hash before it and 15.
    var HASHES = ELEMENTS <= 14 ? 1 : 1 + (ELEMENTS \ 15);
    signal hashes[HASHES];
    signal wires[HASHES][COUNT + 2];
    var field = 0;
    var used = 0;
    for (var hash = 0; hash < HASHES; hash++) {
        wires[hash][0] <== hash == 0 ? 0 : hashes[hash == 0 ? 0 : hash - 1];
        wires[hash][1] <== salt;
        for (var i = 0; i < COUNT; i++) {
            wires[hash][2 + i] <== fields[i];
        }
        var head = hash == 0 ? 2 : 1;
        var left = hash == 0 ? ELEMENTS : ELEMENTS - 14 - 15 * (hash - 1);
        var size = left < 16 - head ? left : 16 - head;
        var W[16][COUNT + 2];
        var C[16];
        if (hash == 0) {
            C[0] = TAG_IN();
            W[1][1] = HIDDEN;
        } else {
            W[0][0] = 1;
        }
        for (var i = 0; i < size; i++) {
            while (field < COUNT && (used == 0 || beginOf(used, BITS[field < COUNT ? field : 0]) == used)) {
                W[head + i][2 + field] = 2 ** used;
                used += BITS[field];
                field++;
            }
            used = 0;
        }
        hashes[hash] <== Poseidon(head + size + 1, COUNT + 2, W, C)(wires[hash]);
    }
    out <== hashes[HASHES - 1];
}
