pragma circom 2.2.2;

include "../bind-context.circom";
include "../commit-input.circom";
include "../linear-bits.circom";

// CreditApproval: the score of an applicant, and whether it reaches a threshold.
//
// Public, in this order: the commitment to the fields, the packed output, the context.
// The packed output holds, little-endian, the score in 16 bits and then the approval in one bit.
//
// Why the approval is determined: the score is below 2^13, since every field is below 2^8 by the commitment's ranges and
// the weights sum to 17. So score - 2000 + 2^13 lies in [2^13 - 2000, 2^14), its 14 bits are unique, and the highest one
// is set exactly when score >= 2000.
template CreditApproval() {
    signal input fields[4];
    signal input salt;
    signal input context;
    signal output inputCommitment <== CommitInput(4, [8, 8, 8, 8], [1, 1, 1, 1])(fields, salt);
    signal output packed;

    signal high[13] <== LinearBits(4, [3, 5, 2, 7], 2 ** 13 - 2000, 14)(fields);
    packed <== 3 * fields[0] + 5 * fields[1] + 2 * fields[2] + 7 * fields[3] + high[12] * 2 ** 16;

    BindContext()(context);
}

component main {public [context]} = CreditApproval();
