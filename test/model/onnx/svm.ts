import { classical, expectAgreement, floats, info, randomNumbers } from "../../helpers/onnx.ts";
import type { Attributes } from "../../helpers/onnx.ts";

const random = (seed: number, count: number) => floats(randomNumbers(seed, count));
const one = (opType: string, attributes: Attributes, outputs: readonly string[]) => ({
  inputs: [info("x", ["N", 4])],
  nodes: [
    classical(opType, ["x"], outputs, { kernel_type: "LINEAR", kernel_params: floats([0.1, 0, 3]), ...attributes }),
  ],
  outputs,
});
const ANSWERS = ["label", "scores"];

describe("ONNX support vector machines", () => {
  it("imports SVMRegressor", async () => {
    const vectors = { support_vectors: random(1, 12), coefficients: random(2, 3), n_supports: 3, rho: floats([0.5]) };
    await expectAgreement(one("SVMRegressor", vectors, ["y"]));
    await expectAgreement(one("SVMRegressor", { ...vectors, one_class: 1 }, ["y"]));
    await expectAgreement(one("SVMRegressor", { coefficients: random(2, 4), rho: floats([-0.25]) }, ["y"]));
  });

  for (const counts of [
    [2, 3],
    [3, 1, 2],
    [1, 2, 2, 3],
  ]) {
    const total = counts.reduce((sum, count) => sum + count, 0);
    const classes = counts.length;
    const machine = {
      support_vectors: random(1, total * 4),
      coefficients: random(2, total * (classes - 1)),
      vectors_per_class: counts,
      rho: random(3, (classes * (classes - 1)) / 2),
    };
    it(`imports SVMClassifier of ${classes} classes`, async () => {
      await expectAgreement(
        one("SVMClassifier", { ...machine, classlabels_ints: counts.map((_, index) => index * 10) }, ANSWERS),
      );
      await expectAgreement(
        one("SVMClassifier", { ...machine, classlabels_strings: counts.map((_, index) => `class ${index}`) }, ANSWERS),
      );
    });
  }
  it("decides ties as the runtime does", async () => {
    const samples = { samples: [[0, 0, 0, 0]] };
    const vectors = (count: number) => ({
      support_vectors: random(1, count * 4),
      vectors_per_class: Array.from({ length: count }, () => 1),
    });
    const two = { ...vectors(2), coefficients: floats([1, -1]), rho: floats([0]), classlabels_ints: [3, 4] };
    await expectAgreement(one("SVMClassifier", two, ANSWERS), samples);
    const three = { ...vectors(3), coefficients: random(2, 6), rho: floats([0, 0, 0]), classlabels_ints: [3, 4, 5] };
    await expectAgreement(one("SVMClassifier", three, ANSWERS), samples);
    // One vote for each of three classes: the first has it.
    const circle = { ...three, rho: floats([1, -1, 1]) };
    await expectAgreement(one("SVMClassifier", circle, ANSWERS), samples);
  });
  for (const post_transform of ["NONE", "LOGISTIC", "SOFTMAX"]) {
    it(`imports SVMClassifier without vectors, with ${post_transform}`, () =>
      expectAgreement(
        one(
          "SVMClassifier",
          { coefficients: random(1, 12), rho: floats([0.5]), classlabels_ints: [1, 2, 3], post_transform },
          ANSWERS,
        ),
      ));
  }
});
