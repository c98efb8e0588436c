pragma circom 2.2.2;

include "circomlib/circuits/poseidon_constants_old.circom";

// How many of the rounds have one S-box alone, for a state of T elements.
function PARTIAL_ROUNDS(T) {
    var rounds[16] = [56, 57, 56, 60, 60, 63, 64, 63, 60, 66, 60, 65, 70, 60, 64, 68];
    return rounds[T - 2];
}

// Poseidon(T, N, W, C)
//
// Proves     out is the Poseidon hash (x^5, 8 full rounds, the constants of circomlib) of the T - 1 elements
//            C[i] + W[i][0] * x[0] + ... + W[i][N-1] * x[N-1]. What W and C hold beyond these is not looked at.
// Why it determines its output: every constraint is one step of the computation, a product of what is known.
// The state is kept as linear expressions of the S-boxes' outputs, so that the rounds' linear layers cost nothing. What
// is constant in the first round is computed when the circuit is compiled: the capacity, and elements such as tags.
// Cost       3 * (8 * T + PARTIAL_ROUNDS(T) - 1 - constant elements) constraints, and one that makes the hash a wire.
template Poseidon(T, N, W, C) {
    signal input x[N];
    signal output out;

    var PARTIAL = PARTIAL_ROUNDS(T);
    var ROUNDS = 8 + PARTIAL;
    var CONSTANTS[T * ROUNDS] = POSEIDON_C(T);
    var MATRIX[T][T] = POSEIDON_M(T);

    var state[T];
    var isConstant[T];
    var BOXES = 8 * T + PARTIAL;
    for (var i = 0; i < T; i++) {
        state[i] = i == 0 ? 0 : C[i == 0 ? 0 : i - 1];
        isConstant[i] = 1;
        for (var j = 0; j < N && i > 0; j++) {
            if (W[i - 1][j] != 0) {
                state[i] += W[i - 1][j] * x[j];
                isConstant[i] = 0;
            }
        }
        BOXES -= isConstant[i];
    }

    signal square[BOXES];
    signal fourth[BOXES];
    signal fifth[BOXES];
    var used = 0;
    for (var round = 0; round < ROUNDS; round++) {
        var isFull = round < 4 || round >= 4 + PARTIAL;
        for (var i = 0; i < T; i++) {
            state[i] += CONSTANTS[round * T + i];
            if (round == 0 && isConstant[i]) {
                state[i] = state[i] ** 5;
            } else if (i == 0 || isFull) {
                square[used] <== state[i] * state[i];
                fourth[used] <== square[used] * square[used];
                fifth[used] <== fourth[used] * state[i];
                state[i] = fifth[used];
                used++;
            }
        }
        var mixed[T];
        for (var i = 0; i < T; i++) {
            mixed[i] = 0;
            for (var j = 0; j < T; j++) {
                mixed[i] += MATRIX[i][j] * state[j];
            }
        }
        state = mixed;
    }
    out <== state[0];
}
