/**
 * Writes a planned circuit in circom. What it writes only instantiates gadgets, wires them up, and packs the output. Uses of
 * one gadget whose inputs move by the same distance, as the windows of a convolution do, become one loop: circom's time and
 * memory go with the length of the text.
 */
import type { Wire } from "./expression.ts";
import type { Gadget, Instance } from "./gadgets.ts";
import type { Plan } from "./plan.ts";

const FILES: Readonly<Record<Gadget, string>> = {
  LinearBits: "linear-bits",
  Relu: "relu",
  Product: "product",
  OneHot: "one-hot",
  Wire: "wire",
};

/** What each gadget calls its outputs, in the order of their declaration. */
const OUTPUTS: Readonly<Record<Gadget, readonly string[]>> = {
  LinearBits: ["high"],
  Relu: ["high", "out"],
  Product: ["out"],
  OneHot: ["out"],
  Wire: ["out"],
};

/** How many terms circom's parser takes in one sum without running out of stack; half of that. */
const TERMS_A_LINE = 24;

/** The circuit's source. */
export function emitCircuit(plan: Plan): string {
  const { program, instances, checked, weights } = plan;
  const { input, output } = program;
  const count = input.widths.length;
  const isHidden = input.visibility === "hidden";
  const { groups, places } = group(plan);
  const templates = new Map(groups.map(({ template, first }) => [template, first]));
  const used = new Set(instances.map(({ gadget }) => gadget));
  const includes = ["bind-context", "commit-input", ...[...used].map((gadget) => FILES[gadget])];
  if (output.visibility === "hidden") includes.push("commit-output");
  const widths = `${count}, [${input.widths.join(", ")}], [${checked.map(Number).join(", ")}]`;
  const tables = new Tables();
  const uses = groups.flatMap((each) => place(each, tables));
  return [
    "pragma circom 2.2.2;",
    "",
    ...includes.map((file) => `include "${file}.circom";`),
    "",
    ...[...templates].map(([name, instance]) => wrap(name, instance)),
    "template Model() {",
    `    signal input fields[${count}];`,
    ...(isHidden ? ["    signal input salt;"] : []),
    "    signal input context;",
    ...(weights > 0 ? [`    signal input weights[${weights}];`, "    signal input blinding;"] : []),
    isHidden
      ? `    signal output inputCommitment <== CommitInput(${widths})(fields, salt);`
      : `    signal output inputCommitment <== RevealInput(${widths})(fields);`,
    "    signal output answer;",
    ...tables.lines,
    ...uses,
    ...answer(plan, places),
    "    BindContext()(context);",
    ...(weights > 0 ? ["    BindContext()(blinding);"] : []),
    "}",
    "",
    `component main {public [context${weights > 0 ? ", weights, blinding" : ""}]} = Model();`,
    "",
  ].join("\n");
}

/** Where a wire is: `${array}[${index}]${signal}`. */
type Place = { readonly array: string; readonly index: number; readonly signal: string };

/** Uses of one gadget with the same parameters. The inputs of use i are those of the first, `shifts[i]` further on. */
type Group = {
  readonly array: string;
  readonly template: string;
  readonly first: Instance;
  readonly inputs: readonly Place[];
  readonly shifts: number[];
};

function group({ program, instances, weights }: Plan): { groups: Group[]; places: Place[] } {
  const places: Place[] = program.input.widths.map((_, index) => ({ array: "fields", index, signal: "" }));
  for (let index = 0; index < weights; index++) places.push({ array: "weights", index, signal: "" });
  const groups: Group[] = [];
  const templates = new Map<string, string>();
  for (const instance of instances) {
    const key = callOf(instance);
    const template = templates.get(key) ?? `${instance.gadget}${templates.size}`;
    templates.set(key, template);
    const inputs = instance.inputs.map((wire) => places[wire] as Place);
    let last = groups.at(-1);
    const shift = last?.template === template ? shiftBetween(last, inputs) : undefined;
    if (last === undefined || shift === undefined) {
      last = { array: `use${groups.length}`, template, first: instance, inputs, shifts: [] };
      groups.push(last);
    }
    locate(instance, last.array, last.shifts.length, places);
    last.shifts.push(shift ?? 0);
  }
  return { groups, places };
}

/** By how much all inputs are further on than those of a group's first use, if it is the same for all. */
function shiftBetween({ array, inputs }: Group, others: readonly Place[]): number | undefined {
  const shift = (others[0]?.index ?? 0) - (inputs[0]?.index ?? 0);
  const isMoved = others.every((other, at) => {
    const own = inputs[at];
    const isAlike = other.array === own?.array && other.signal === own.signal;
    // A loop over a group cannot wait for the group itself.
    return isAlike && other.array !== array && other.index - own.index === shift;
  });
  return isMoved ? shift : undefined;
}

function locate({ gadget, outputs }: Instance, array: string, index: number, places: Place[]): void {
  for (const [at, { first, count, isArray }] of outputs.entries()) {
    const name = OUTPUTS[gadget][at];
    for (let i = 0; i < count; i++) {
      places[first + i] = { array, index, signal: isArray ? `.${name}[${i}]` : `.${name}` };
    }
  }
}

function callOf({ gadget, parameters }: Instance): string {
  return `${gadget}(${parameters})`;
}

/** A template for one use of a gadget: many uses share it, and its long parameters are written once. */
function wrap(name: string, instance: Instance): string {
  const { gadget, inputs, outputs } = instance;
  const names = OUTPUTS[gadget];
  const signals = outputs.map(({ count, isArray }, at) => {
    return `    signal output ${names[at]}${isArray ? `[${count}]` : ""};`;
  });
  const targets = names.length === 1 ? names[0] : `(${names.join(", ")})`;
  return [
    `template ${name}() {`,
    `    signal input x[${inputs.length}];`,
    ...signals,
    `    ${targets} <== ${callOf(instance)}(x);`,
    "}",
    "",
  ].join("\n");
}

/** Lists of numbers, each written once. */
class Tables {
  readonly #names = new Map<string, string>();

  get lines(): string[] {
    return [...this.#names].map(([numbers, name]) => `    var ${name}[${numbers.split(",").length}] = [${numbers}];`);
  }

  /** The number at a loop's variable in a list, in circom. */
  at(numbers: readonly number[], variable: string): string {
    const [first = 0] = numbers;
    const isRun = numbers.every((number, index) => number === first + index);
    if (isRun) return first === 0 ? variable : `${first} + ${variable}`;
    const key = numbers.join(", ");
    const name = this.#names.get(key) ?? `table${this.#names.size}`;
    this.#names.set(key, name);
    return `${name}[${variable}]`;
  }
}

function place({ array, template, inputs, shifts }: Group, tables: Tables): string[] {
  const shift = shifts.length === 1 ? "" : ` + ${tables.at(shifts, "i")}`;
  const lines: string[] = [];
  for (let from = 0; from < inputs.length;) {
    const { array: source, signal } = inputs[from] as Place;
    let end = from + 1;
    while (inputs[end]?.array === source && inputs[end]?.signal === signal) end++;
    const at = tables.at(
      inputs.slice(from, end).map(({ index }) => index),
      "k",
    );
    const target = from === 0 ? "k" : `${from} + k`;
    lines.push(
      `        for (var k = 0; k < ${end - from}; k++) {`,
      `            ${array}[i].x[${target}] <== ${source}[${at}${shift}]${signal};`,
      "        }",
    );
    from = end;
  }
  return [
    `    component ${array}[${shifts.length}];`,
    `    for (var i = 0; i < ${shifts.length}; i++) {`,
    `        ${array}[i] = ${template}();`,
    ...lines,
    "    }",
  ];
}

function answer({ packed, program }: Plan, places: readonly Place[]): string[] {
  const terms = [...packed.terms];
  const nameOf = (wire: Wire): string => {
    const { array, index, signal } = places[wire] as Place;
    return `${array}[${index}]${signal}`;
  };
  if (program.output.visibility === "hidden") {
    const wires = terms.map(([wire]) => nameOf(wire)).join(", ");
    const weights = terms.map(([, weight]) => weight).join(", ");
    return [`    answer <== CommitOutput(${terms.length}, [${weights}], ${packed.constant})([${wires}], salt);`];
  }
  const lines = [`    var packed = ${packed.constant};`];
  for (let at = 0; at < terms.length; at += TERMS_A_LINE) {
    const sum = terms.slice(at, at + TERMS_A_LINE).map(([wire, weight]) => `(${weight}) * ${nameOf(wire)}`);
    lines.push(`    packed += ${sum.join(" + ")};`);
  }
  return [...lines, "    answer <== packed;"];
}
