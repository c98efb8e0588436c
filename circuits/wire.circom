pragma circom 2.2.2;

// Wire(N, W, C)
//
// Proves     out = C + W[0] * x[0] + ... + W[N-1] * x[N-1].
// Why        a long sum that many others use is written once.
// Cost       1 linear constraint.
template Wire(N, W, C) {
    signal input x[N];
    signal output out;

    var value = C;
    for (var i = 0; i < N; i++) {
        value += W[i] * x[i];
    }
    out <== value;
}
