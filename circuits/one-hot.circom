pragma circom 2.2.2;

include "linear-bits.circom";

// OneHot(N, W, C, LOWEST, K, T, HIGHEST, BITS)
//
// Proves     value = C + W[0] * x[0] + ... + W[N-1] * x[N-1] is in [LOWEST, HIGHEST], and which of the K + 1 bins that
//            the thresholds T[0] < ... < T[K-1] cut this interval into holds it: hot[i] is 1 for the bin from T[i] on,
//            and all are 0 for the bin below T[0].
// Why it determines its output
//            1. Each hot[i] is 0 or 1, and so is their sum: at most one is set, and a bin is named.
//            2. value - (lowest of that bin) and (highest of that bin) - value are each in [0, 2^BITS). So the value
//               lies between the two, as integers, since neither can wrap: BITS <= 252.
//            3. The bins do not overlap, so no other bin could be named.
// Assumes    LOWEST < T[0] < ... < T[K-1] <= HIGHEST, no bin wider than 2^BITS (an honest value would have no witness),
//            and that all of these are below 2^251 in size.
// Cost       K + 1 + 2 * BITS constraints.
template OneHot(N, W, C, LOWEST, K, T, HIGHEST, BITS) {
    signal input x[N];
    signal output hot[K];

    var value = C;
    for (var i = 0; i < N; i++) {
        value += W[i] * x[i];
    }
    var named = 0;
    for (var i = 0; i < K; i++) {
        hot[i] <-- value - LOWEST >= T[i] - LOWEST && (i == K - 1 || value - LOWEST < T[i + 1 == K ? i : i + 1] - LOWEST);
        hot[i] * (hot[i] - 1) === 0;
        named += hot[i];
    }
    named * (named - 1) === 0;

    signal wires[N + K];
    var above[N + K];
    var below[N + K];
    for (var i = 0; i < N; i++) {
        wires[i] <== x[i];
        above[i] = W[i];
        below[i] = -W[i];
    }
    for (var i = 0; i < K; i++) {
        wires[N + i] <== hot[i];
        above[N + i] = LOWEST - T[i];
        var highest = i == K - 1 ? HIGHEST : T[i + 1 == K ? i : i + 1] - 1;
        below[N + i] = highest - (T[0] - 1);
    }
    _ <== LinearBits(N + K, above, C - LOWEST, BITS)(wires);
    _ <== LinearBits(N + K, below, T[0] - 1 - C, BITS)(wires);
}
