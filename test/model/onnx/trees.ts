import { expect } from "chai";

import { importOnnx } from "../../../src/model/onnx/import.ts";
import { ELEMENT } from "../../../src/model/onnx/schema.ts";
import { bytesOfModel, classical, expectAgreement, floats, info, randomNumbers, tensor } from "../../helpers/onnx.ts";
import type { Attributes } from "../../helpers/onnx.ts";
import { seededRandom } from "../../helpers/random.ts";

const FEATURES = 3;
const MODES = ["BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE", "BRANCH_GT"] as const;

type Forest = {
  readonly nodes: { tree: number; id: number; feature: number; mode: string; value: number; yes: number; no: number }[];
  readonly leaves: { tree: number; id: number; target: number; weight: number }[];
};

type Plan = {
  readonly trees: number;
  readonly depth: number;
  readonly modes: readonly string[];
  /** What the leaves of a tree weigh on. */
  readonly targetsOf: (tree: number) => readonly number[];
  readonly weightOf?: (number: number) => number;
};

/** Random trees, whose thresholds are among the values that inputs have. */
function forestOf({ trees, depth, modes, targetsOf, weightOf = (number) => number }: Plan): Forest {
  const random = seededRandom(trees * 31 + depth);
  const values = randomNumbers(trees + depth, 4096);
  const forest: Forest = { nodes: [], leaves: [] };
  for (let tree = 0; tree < trees; tree++) {
    const inner = 2 ** depth - 1;
    for (let id = 0; id < 2 * inner + 1; id++) {
      const isLeaf = id >= inner;
      const [yes, no] = isLeaf ? [0, 0] : [2 * id + 1, 2 * id + 2];
      const mode = isLeaf ? "LEAF" : (modes[random.below(modes.length)] as string);
      const value = isLeaf ? 0 : (values[random.below(values.length)] as number);
      forest.nodes.push({ tree, id, feature: isLeaf ? 0 : random.below(FEATURES), mode, value, yes, no });
      if (!isLeaf) continue;
      for (const target of targetsOf(tree)) {
        forest.leaves.push({ tree, id, target, weight: weightOf(values[random.below(values.length)] as number) });
      }
    }
  }
  return forest;
}

const structureOf = ({ nodes }: Forest): Attributes => ({
  nodes_treeids: nodes.map(({ tree }) => tree),
  nodes_nodeids: nodes.map(({ id }) => id),
  nodes_featureids: nodes.map(({ feature }) => feature),
  nodes_modes: nodes.map(({ mode }) => mode),
  nodes_values: floats(nodes.map(({ value }) => value)),
  nodes_truenodeids: nodes.map(({ yes }) => yes),
  nodes_falsenodeids: nodes.map(({ no }) => no),
  nodes_hitrates: floats(nodes.map(() => 1)),
  nodes_missing_value_tracks_true: nodes.map(() => 0),
});

const leavesOf = ({ leaves }: Forest, side: "class" | "target"): Attributes => ({
  [`${side}_treeids`]: leaves.map(({ tree }) => tree),
  [`${side}_nodeids`]: leaves.map(({ id }) => id),
  [`${side}_ids`]: leaves.map(({ target }) => target),
  [`${side}_weights`]: floats(leaves.map(({ weight }) => weight)),
});

const x = info("x", ["N", FEATURES]);
const regressor = (forest: Forest, attributes: Attributes) => ({
  inputs: [x],
  nodes: [
    classical("TreeEnsembleRegressor", ["x"], ["y"], {
      ...structureOf(forest),
      ...leavesOf(forest, "target"),
      ...attributes,
    }),
  ],
  outputs: ["y"],
});
const classifier = (forest: Forest, attributes: Attributes) => ({
  inputs: [x],
  nodes: [
    classical("TreeEnsembleClassifier", ["x"], ["label", "scores"], {
      ...structureOf(forest),
      ...leavesOf(forest, "class"),
      ...attributes,
    }),
  ],
  outputs: ["label", "scores"],
});

const boosted: Plan = { trees: 7, depth: 3, modes: ["BRANCH_LT"], targetsOf: () => [0] };
const forest: Plan = { ...boosted, modes: ["BRANCH_LEQ"], weightOf: (number) => Math.abs(number) / 8 };
const multi: Plan = { ...boosted, trees: 9, targetsOf: (tree) => [tree % 3] };

describe("ONNX tree ensembles", () => {
  for (const mode of MODES) {
    it(`imports regressors that compare by ${mode}`, () =>
      expectAgreement(regressor(forestOf({ ...boosted, modes: [mode] }), { n_targets: 1 })));
  }
  it("imports regressors that mix comparisons", () =>
    expectAgreement(regressor(forestOf({ ...boosted, modes: MODES }), { n_targets: 1 })));
  for (const aggregate_function of ["SUM", "AVERAGE"]) {
    it(`imports regressors by ${aggregate_function}, of one and of several targets, with base values`, async () => {
      const one = { n_targets: 1, aggregate_function };
      await expectAgreement(regressor(forestOf(boosted), one));
      await expectAgreement(regressor(forestOf(boosted), { ...one, base_values: floats([0.75]) }));
      const several = { n_targets: 3, aggregate_function };
      await expectAgreement(regressor(forestOf({ ...multi, targetsOf: () => [0, 1, 2] }), several));
      await expectAgreement(regressor(forestOf(multi), { ...several, base_values: floats([0.5, -1, 2]) }));
    });
  }
  for (const post_transform of ["NONE", "SOFTMAX", "LOGISTIC"]) {
    it(`imports regressors of several targets with ${post_transform}`, () =>
      expectAgreement(regressor(forestOf(multi), { n_targets: 3, post_transform })));
  }
  it("imports single leaves, and trees with infinite thresholds", async () => {
    await expectAgreement(regressor(forestOf({ ...boosted, depth: 0 }), { n_targets: 1 }));
    const plan = forestOf({ ...boosted, modes: MODES });
    const thresholds = plan.nodes.map(({ value }, index) => [value, Infinity, value, -Infinity, value][index % 5] ?? 0);
    await expectAgreement(regressor(plan, { n_targets: 1, nodes_values: floats(thresholds) }));
  });
  it("imports whole numbers as inputs", () =>
    expectAgreement({
      ...classifier(forestOf(boosted), { classlabels_int64s: [10, 20] }),
      inputs: [info("x", ["N", FEATURES], ELEMENT.int64)],
    }));

  it("compares in the input's precision", async () => {
    const threshold = 0.1;
    const values = (list: readonly number[], dataType: number) => ({
      dims: [list.length],
      dataType,
      ...(dataType === ELEMENT.double ? { doubleData: list } : { floatData: list }),
    });
    const single = (type: number) => {
      const stump = forestOf({ ...boosted, trees: 1, depth: 1, modes: ["BRANCH_LEQ"] });
      const {
        nodes_values: _,
        target_weights: __,
        nodes_hitrates: ___,
        ...rest
      } = { ...structureOf(stump), ...leavesOf(stump, "target") };
      const attributes = {
        ...rest,
        n_targets: 1,
        nodes_featureids: [0, 0, 0],
        nodes_values_as_tensor: values([threshold, 0, 0], type),
        target_weights_as_tensor: values([1, 2], type),
        base_values_as_tensor: values([0.5], type),
      };
      return {
        classicalOpset: 3,
        inputs: [info("x", ["N", FEATURES], type)],
        nodes: [classical("TreeEnsembleRegressor", ["x"], ["y"], attributes)],
        outputs: ["y"],
      };
    };
    // Above 0.1 in doubles, and as float32 the same.
    const near = [0.1 + 1e-12, 0, 0];
    await expectAgreement(single(ELEMENT.double), { samples: [near, [0.1, 0, 0]] });
    await expectAgreement(single(ELEMENT.float), { samples: [near, [0.1, 0, 0]] });
    const precisions = [ELEMENT.double, ELEMENT.float].map((type) => {
      const [only] = importOnnx(bytesOfModel(single(type))).nodes;
      return only?.operator.kind === "trees" && only.operator.precision;
    });
    expect(precisions).to.deep.equal(["float64", "float32"]);
  });

  const two = { classlabels_int64s: [10, 20] };
  it("imports a binary random forest as scikit-learn's exporter writes it", async () => {
    await expectAgreement(classifier(forestOf(forest), { ...two, post_transform: "NONE" }));
    await expectAgreement(classifier(forestOf(forest), { classlabels_strings: ["no", "yes"] }));
  });
  it("imports binary boosted trees as XGBoost's and LightGBM's exporters write them", async () => {
    await expectAgreement(classifier(forestOf(boosted), { ...two, post_transform: "LOGISTIC" }));
    await expectAgreement(
      classifier(forestOf(boosted), { ...two, post_transform: "LOGISTIC", base_values: floats([-0.75]) }),
    );
    await expectAgreement(classifier(forestOf(boosted), { ...two, post_transform: "NONE" }));
    await expectAgreement(
      classifier(forestOf(forest), { ...two, post_transform: "LOGISTIC", base_values: floats([0.25]) }),
    );
  });
  it("imports binary ensembles that weigh on the second class", async () => {
    for (const plan of [boosted, forest]) {
      for (const post_transform of ["NONE", "LOGISTIC", "SOFTMAX"]) {
        await expectAgreement(classifier(forestOf({ ...plan, targetsOf: () => [1] }), { ...two, post_transform }));
      }
    }
  });
  it("decides binary ties as the runtime does", async () => {
    const flat = (weight: number): Forest => forestOf({ ...boosted, trees: 2, depth: 0, weightOf: () => weight });
    const cancelling = { ...two, class_weights: floats([1, -1]), post_transform: "LOGISTIC" };
    await expectAgreement(classifier(flat(1), cancelling));
    await expectAgreement(classifier(flat(0.25), two));
  });

  const three = { classlabels_int64s: [10, 20, 30] };
  for (const post_transform of ["NONE", "SOFTMAX", "LOGISTIC"]) {
    it(`imports boosted trees of three classes with ${post_transform}`, async () => {
      await expectAgreement(classifier(forestOf(multi), { ...three, post_transform }));
      await expectAgreement(
        classifier(forestOf(multi), { ...three, post_transform, base_values: floats([0.5, 0.5, -0.5]) }),
      );
    });
  }
  it("imports a random forest of three classes", () =>
    expectAgreement(
      classifier(forestOf({ ...forest, targetsOf: () => [0, 1, 2] }), { classlabels_strings: ["a", "b", "c"] }),
    ));
  it("never gives a class that no leaf weighs on", () =>
    // All scores are negative but the second class's, which nothing adds to.
    expectAgreement(
      classifier(
        forestOf({
          ...multi,
          targetsOf: (tree) => [tree % 2 === 0 ? 0 : 2],
          weightOf: (number) => -Math.abs(number) - 1,
        }),
        three,
      ),
    ));
  it("gives the first of equal classes", () =>
    expectAgreement(
      classifier(forestOf({ ...multi, trees: 3, depth: 0, targetsOf: () => [0, 1, 2], weightOf: () => 0.5 }), three),
    ));

  it("reads thresholds as tensors", () => {
    const plain = forestOf(boosted);
    const { nodes_values: _, ...rest } = { ...structureOf(plain), ...leavesOf(plain, "class") };
    const nodes_values_as_tensor = tensor(
      "",
      [plain.nodes.length],
      plain.nodes.map(({ value }) => value),
    );
    return expectAgreement({
      ...classifier(plain, {}),
      nodes: [
        classical("TreeEnsembleClassifier", ["x"], ["label", "scores"], {
          ...rest,
          ...two,
          nodes_values_as_tensor,
          post_transform: "LOGISTIC",
        }),
      ],
    });
  });
});
