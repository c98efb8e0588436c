pragma circom 2.2.2;

// BindContext
//
// Proves     nothing about the context; makes the proof one of this context alone.
// Why        a public signal that no constraint mentions costs a forger nothing to change in some proving systems and
//            some versions of their tools. One multiplication settles it.
// Cost       1 constraint.
// Checked outside of the proof: that the context is the right one (the escrow computes it).
template BindContext() {
    signal input context;

    signal square <== context * context;
}
