pragma circom 2.2.2;

// Product(N, A, CA, B, CB)
//
// Proves     out = (CA + A[0] * x[0] + ... + A[N-1] * x[N-1]) * (CB + B[0] * x[0] + ... + B[N-1] * x[N-1]).
// Why        to choose between two values by a bit, b + bit * (a - b); to multiply activations; for squares.
// Does not check: any range. Who uses it shows, by intervals, that the product does not wrap.
// Cost       1 constraint.
template Product(N, A, CA, B, CB) {
    signal input x[N];
    signal output out;

    var left = CA;
    var right = CB;
    for (var i = 0; i < N; i++) {
        left += A[i] * x[i];
        right += B[i] * x[i];
    }
    out <== left * right;
}
