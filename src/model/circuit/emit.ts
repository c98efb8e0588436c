/** Writes a planned circuit in circom. What it writes only instantiates gadgets, wires them up, and packs the output. */
import type { Expression, Wire } from "./expression.ts";
import type { Gadget, Instance } from "./gadgets.ts";
import type { Plan } from "./plan.ts";

const FILES: Readonly<Record<Gadget, string>> = {
  LinearBits: "linear-bits",
  Relu: "relu",
  Product: "product",
  OneHot: "one-hot",
  Wire: "wire",
};

/** How many terms circom's parser takes in one sum without running out of stack; half of that. */
const TERMS_A_LINE = 24;

/** The circuit's source. */
export function emitCircuit(plan: Plan): string {
  const { program, instances, checked, packed, weights } = plan;
  const { input, output } = program;
  const count = input.widths.length;
  const isHidden = input.visibility === "hidden";
  const templates = new Map<string, Template>();
  const names = nameWires(plan);
  const uses = instances.map((instance) => {
    const key = `${instance.gadget}(${instance.parameters})`;
    const template = templates.get(key) ?? { name: `${instance.gadget}${templates.size}`, instance };
    templates.set(key, template);
    return `    ${place(instance, template.name, names)}`;
  });
  const used = new Set(instances.map(({ gadget }) => gadget));
  const includes = ["bind-context", "commit-input", ...[...used].map((gadget) => FILES[gadget])];
  if (output.visibility === "hidden") includes.push("commit-output");
  const widths = `${count}, [${input.widths.join(", ")}], [${checked.map(Number).join(", ")}]`;
  return [
    "pragma circom 2.2.2;",
    "",
    ...includes.map((file) => `include "${file}.circom";`),
    "",
    ...[...templates].map(([key, template]) => wrap(key, template)),
    "template Model() {",
    `    signal input fields[${count}];`,
    ...(isHidden ? ["    signal input salt;"] : []),
    "    signal input context;",
    ...(weights > 0 ? [`    signal input weights[${weights}];`, "    signal input blinding;"] : []),
    isHidden
      ? `    signal output inputCommitment <== CommitInput(${widths})(fields, salt);`
      : `    signal output inputCommitment <== RevealInput(${widths})(fields);`,
    "    signal output answer;",
    ...declare(plan),
    ...uses,
    ...answer(packed, output.visibility, names),
    "    BindContext()(context);",
    ...(weights > 0 ? ["    BindContext()(blinding);"] : []),
    "}",
    "",
    `component main {public [context${weights > 0 ? ", weights, blinding" : ""}]} = Model();`,
    "",
  ].join("\n");
}

/** A gadget with parameters, as the first of its uses has it. */
type Template = { readonly name: string; readonly instance: Instance };

/** A template for one use of a gadget: many uses share it, and its long parameters are written once. */
function wrap(key: string, { name, instance }: Template): string {
  const { gadget, inputs, outputs } = instance;
  const { count, isArray } = outputs.at(-1) as Instance["outputs"][number];
  const out = isArray ? `out[${count}]` : "out";
  // Of Relu both outputs are kept; of the others there is one.
  const signals =
    gadget === "Relu"
      ? [`    signal output high[${outputs[0]?.count}];`, "    signal output out;", `    (high, out) <== ${key}(x);`]
      : [`    signal output ${out} <== ${key}(x);`];
  return [`template ${name}() {`, `    signal input x[${inputs.length}];`, ...signals, "}", ""].join("\n");
}

function place({ gadget, inputs, outputs }: Instance, template: string, names: readonly string[]): string {
  const wires = `[${inputs.map((wire) => names[wire]).join(", ")}]`;
  const targets = outputs.map(({ first, isArray }) => (isArray ? arrayOf(first) : (names[first] ?? "")));
  return `${gadget === "Relu" ? `(${targets.join(", ")})` : targets[0]} <== ${template}()(${wires});`;
}

function arrayOf(first: Wire): string {
  return `a${first}`;
}

function nameWires({ program, instances, wires, weights }: Plan): string[] {
  const names = Array.from({ length: wires }, (_, wire) => `w${wire}`);
  const fields = program.input.widths.length;
  for (let field = 0; field < fields; field++) names[field] = `fields[${field}]`;
  for (let at = 0; at < weights; at++) names[fields + at] = `weights[${at}]`;
  for (const { outputs } of instances) {
    for (const { first, count, isArray } of outputs) {
      if (isArray) for (let i = 0; i < count; i++) names[first + i] = `${arrayOf(first)}[${i}]`;
    }
  }
  return names;
}

function declare({ instances }: Plan): string[] {
  return instances.flatMap(({ outputs }) => {
    return outputs.map(
      ({ first, count, isArray }) => `    signal ${isArray ? `${arrayOf(first)}[${count}]` : `w${first}`};`,
    );
  });
}

function answer(packed: Expression, visibility: string, names: readonly string[]): string[] {
  const terms = [...packed.terms];
  if (visibility === "hidden") {
    const wires = terms.map(([wire]) => names[wire]).join(", ");
    const weights = terms.map(([, weight]) => weight).join(", ");
    return [`    answer <== CommitOutput(${terms.length}, [${weights}], ${packed.constant})([${wires}], salt);`];
  }
  const lines = [`    var packed = ${packed.constant};`];
  for (let at = 0; at < terms.length; at += TERMS_A_LINE) {
    const sum = terms.slice(at, at + TERMS_A_LINE).map(([wire, weight]) => `(${weight}) * ${names[wire]}`);
    lines.push(`    packed += ${sum.join(" + ")};`);
  }
  return [...lines, "    answer <== packed;"];
}
