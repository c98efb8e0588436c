pragma circom 2.2.2;

include "poseidon.circom";

// "assay.out" in ASCII: no commitment to an output is a hash of anything else.
function TAG_OUT() {
    return 0x61737361792e6f7574;
}

// CommitOutput(N, W, C)
//
// Proves     commitment is Poseidon(TAG_OUT, salt, packed) of packed = C + W[0] * x[0] + ... + W[N-1] * x[N-1].
// Why it determines its output: Poseidon's constraints do. The salt is that of the input's commitment: with a salt of its
// own, one answer would have many commitments.
// Does not check: that the fields in the packed element do not run into each other. Who packs shows it by intervals.
// Cost       the hash.
template CommitOutput(N, W, C) {
    signal input x[N];
    signal input salt;
    signal output commitment;

    signal wires[N + 1];
    var weights[16][N + 1];
    for (var i = 0; i < N; i++) {
        wires[i] <== x[i];
        weights[2][i] = W[i];
    }
    wires[N] <== salt;
    weights[1][N] = 1;
    var constants[16];
    constants[0] = TAG_OUT();
    constants[2] = C;
    commitment <== Poseidon(4, N + 1, weights, constants)(wires);
}
