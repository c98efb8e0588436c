import { expectAgreement, float, info, integers, node, randomNumbers, tensor } from "../../helpers/onnx.ts";

const input = info("x", ["N", 2, 3]);
const one = (opType: string, inputs: readonly string[], attributes = {}) => ({
  inputs: [input],
  nodes: [node(opType, inputs, ["y"], attributes)],
  outputs: ["y"],
});
const weights = [
  tensor(
    "all",
    [1, 2, 3],
    randomNumbers(1, 6).map((number) => number + 3),
  ),
  tensor("row", [3], [0.5, -1.5, 2]),
  tensor("column", [2, 1], [3, -0.25]),
  tensor("scalar", [], [-4]),
];

describe("ONNX arithmetic", () => {
  for (const opType of ["Add", "Sub", "Mul", "Div"]) {
    for (const { name = "" } of weights) {
      it(`imports ${opType} by a constant ${name}`, () => expectAgreement({ ...one(opType, ["x", name]), weights }));
    }
    it(`imports ${opType} by a constant that broadcasts the input`, () =>
      expectAgreement({
        ...one(opType, ["x", "more"]),
        weights: [
          tensor(
            "more",
            [4, 2, 3],
            randomNumbers(2, 24).map((number) => number + 5),
          ),
        ],
      }));
  }
  for (const opType of ["Add", "Sub", "Mul"]) {
    it(`imports ${opType} of a constant`, () => expectAgreement({ ...one(opType, ["row", "x"]), weights }));
    it(`imports ${opType} of a tensor and itself`, () => expectAgreement(one(opType, ["x", "x"])));
    it(`imports ${opType} of two tensors that broadcast`, () =>
      expectAgreement({ ...one(opType, ["x", "z"]), inputs: [input, info("z", ["N", 2, 1])] }));
  }
  it("imports Neg", () => expectAgreement(one("Neg", ["x"])));
  it("imports Sum of several", () =>
    expectAgreement({ ...one("Sum", ["x", "row", "x", "z"]), weights, inputs: [input, info("z", [1])] }));

  it("folds what is constant", () =>
    expectAgreement({
      inputs: [input],
      weights: [...weights, integers("seven", [7]), integers("two", [2]), tensor("positive", [3], [1, 4, 9])],
      nodes: [
        node("Mul", ["row", "scalar"], ["a"]),
        node("Sqrt", ["positive"], ["roots"]),
        node("Div", ["a", "roots"], ["b"]),
        node("Relu", ["b"], ["c"]),
        node("LeakyRelu", ["a"], ["d"], { alpha: float(0.5) }),
        node("Div", ["seven", "two"], ["three"]),
        node("Cast", ["three"], ["three_f"], { to: 1 }),
        node("Sum", ["c", "d", "three_f"], ["e"]),
        node("Add", ["x", "e"], ["y"]),
      ],
      outputs: ["y"],
    }));
});
