pragma circom 2.2.2;

include "linear-bits.circom";

// InRange(BITS)
//
// Proves     x is in [0, 2^BITS).
// Cost       BITS constraints.
template InRange(BITS) {
    signal input x;

    if (BITS == 1) {
        x * (x - 1) === 0;
    } else {
        _ <== LinearBits(1, [1], 0, BITS)([x]);
    }
}
