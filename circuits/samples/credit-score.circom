pragma circom 2.2.2;

include "../bind-context.circom";
include "../commit-input.circom";

// CreditScore: a linear model of an applicant, four fields of 8 bits that stay hidden.
//
// Public, in this order: the commitment to the fields, the score (0 to 4335), the context.
// The weights are part of the circuit, so they are part of the key and of the model's id. They cost no constraint.
template CreditScore() {
    signal input fields[4];
    signal input salt;
    signal input context;
    signal output inputCommitment <== CommitInput(4, [8, 8, 8, 8], [1, 1, 1, 1])(fields, salt);
    signal output score <== 3 * fields[0] + 5 * fields[1] + 2 * fields[2] + 7 * fields[3];

    BindContext()(context);
}

component main {public [context]} = CreditScore();
