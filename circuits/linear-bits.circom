pragma circom 2.2.2;

// LinearBits(N, W, C, BITS)
//
// Proves     value = C + W[0] * x[0] + ... + W[N-1] * x[N-1] is in [0, 2^BITS), and high[i] is its bit i + 1.
//            The lowest bit has no wire of its own: it is value - 2 * high[0] - 4 * high[1] - ...
// Why it determines its output
//            1. Each high bit is 0 or 1, and so is what is left of the value without them: its lowest bit.
//            2. So the value equals a sum of BITS bits, below 2^BITS <= 2^252, which is below the field's size: no other
//               bits have that sum, neither as an integer nor modulo the field's size.
// Assumes    2 <= BITS <= 252 (asserted when it is compiled).
// Does not check: that the value as an integer is what it is modulo the field's size. Who chooses BITS shows, by
//            intervals, that the integer lies in [0, 2^BITS).
// Cost       BITS constraints, whatever N is: the sum is part of the last one.
template LinearBits(N, W, C, BITS) {
    assert(BITS >= 2 && BITS <= 252);

    signal input x[N];
    signal output high[BITS - 1];

    var value = C;
    for (var start = 0; start < N; start += 28) {
        var part = 0;
        for (var i = start; i < N && i < start + 28; i++) {
            part += W[i] * x[i];
        }
        value += part;
    }
    var rest = 0;
    for (var i = 1; i < BITS; i++) {
        high[i - 1] <-- (value >> i) & 1;
        high[i - 1] * (high[i - 1] - 1) === 0;
        rest += high[i - 1] * 2 ** i;
    }
    var lowest = value - rest;
    lowest * (lowest - 1) === 0;
}
