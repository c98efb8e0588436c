pragma circom 2.2.2;

include "linear-bits.circom";

// Relu(N, W, C, BITS, SHIFT)
//
// Proves     value = C + W[0] * x[0] + ... + W[N-1] * x[N-1] is in [-2^(BITS-1), 2^(BITS-1)), and
//            out = max(0, floor(value / 2^SHIFT)).
//            high[i] is bit i + 1 of value + 2^(BITS-1), so that its last one tells whether the value is at least zero.
// Why it determines its output
//            1. LinearBits determines the bits of value + 2^(BITS-1). The highest is set exactly when value >= 0.
//            2. If it is set, those from SHIFT on without it are the quotient. If it is not, the product is zero.
// Assumes    3 <= BITS <= 252 and SHIFT <= BITS - 2. To round half up instead of down, add 2^(SHIFT-1) to C.
// Cost       BITS + 1 constraints.
template Relu(N, W, C, BITS, SHIFT) {
    assert(SHIFT >= 0 && SHIFT <= BITS - 2);

    signal input x[N];
    signal output high[BITS - 1] <== LinearBits(N, W, C + 2 ** (BITS - 1), BITS)(x);
    signal output out;

    var quotient = 0;
    if (SHIFT == 0) {
        // The lowest bit is part of it, which has no wire: where the product is not zero, the value itself is the quotient.
        quotient = C;
        for (var i = 0; i < N; i++) {
            quotient += W[i] * x[i];
        }
    } else {
        for (var i = SHIFT; i < BITS - 1; i++) {
            quotient += high[i - 1] * 2 ** (i - SHIFT);
        }
    }
    out <== high[BITS - 2] * quotient;
}
