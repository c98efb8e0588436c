/** What a derived model's manifest says. */
import type { DerivedModel } from "../build-model.ts";
import { COMPILER } from "../compile.ts";
import { SNARKJS_VERSION } from "../groth16.ts";
import { formatFraction, fractionFrom, rationalOf } from "../rational.ts";
import type { FieldSource } from "../source.ts";
import { ASSAY_VERSION } from "../version.ts";
import type { Manifest, ManifestHashes } from "./manifest.ts";

/** The tools that decide what a program compiles to. */
export const TOOLS = {
  assay: ASSAY_VERSION,
  circom: COMPILER.version,
  optimisation: COMPILER.optimisation,
  snarkjs: SNARKJS_VERSION,
} as const;

/** The manifest of a model whose files have these hashes. */
export function manifestOf(
  { source, program, scales }: Pick<DerivedModel, "source" | "program" | "scales">,
  hashes: ManifestHashes,
): Manifest {
  const { name, purpose, input, output } = source;
  const { labels, unit } = output;
  return {
    version: 1,
    name,
    purpose,
    input: { visibility: input.visibility, fields: input.fields.map(exact) },
    output: {
      visibility: output.visibility,
      name: output.name,
      kind: output.kind,
      fields: program.output.fields.map(({ bits, encoding }, index) => {
        const scale = output.step === undefined ? rationalOf(scales[index] ?? 1) : fractionFrom(output.step);
        return { bits, encoding, scale: formatFraction(scale) };
      }),
      ...(labels === undefined ? {} : { labels }),
      ...(unit === undefined ? {} : { unit }),
    },
    compiler: TOOLS,
    ...hashes,
  };
}

/** A field with its decimals as fractions in lowest terms. */
function exact({ name, unit, min, max, step, count }: FieldSource): FieldSource {
  const [least, most, each] = [min, max, step].map((text) => formatFraction(fractionFrom(text))) as [
    string,
    string,
    string,
  ];
  return {
    name,
    min: least,
    max: most,
    step: each,
    ...(unit === undefined ? {} : { unit }),
    ...(count === undefined ? {} : { count }),
  };
}
