/**
 * The certificate: for every number of a program, an interval that it cannot leave. Whoever relies on a circuit relies on
 * it: too narrow where a check was left out, and a wrong answer has a proof.
 */
import { canonicalJson } from "../../protocol/canonical-json.ts";
import type { Interval, Intervals } from "./intervals.ts";
import type { Program } from "./program.ts";

/** As written to `certificate.json`: for each tensor, runs of numbers with the same interval. */
export type Certificate = { readonly tensors: Readonly<Record<string, readonly Run[]>> };

/** So many numbers in a row, and the ends of the interval that each of them is in, in decimal. */
export type Run = readonly [count: number, lo: string, hi: string];

export function certificateOf(intervals: Intervals): Certificate {
  const tensors = [...intervals].map(([name, list]): [string, Run[]] => {
    const runs: [number, string, string][] = [];
    for (const { lo, hi } of list) {
      const last = runs.at(-1);
      if (last?.[1] === lo.toString() && last[2] === hi.toString()) last[0] += 1;
      else runs.push([1, lo.toString(), hi.toString()]);
    }
    return [name, runs];
  });
  return { tensors: Object.fromEntries(tensors) };
}

/** The same text for the same certificate, whoever writes it. */
export function formatCertificate(certificate: Certificate): string {
  return canonicalJson(certificate);
}

/** Reads a certificate of a program. */
export function intervalsFrom(certificate: Certificate, program: Program): Intervals {
  const sizes = [["input", program.input.widths.length], ...program.steps.map(({ id, size }) => [id, size])] as const;
  const known = new Map(Object.entries(certificate.tensors));
  return new Map(
    (sizes as readonly (readonly [string, number])[]).map(([name, size]) => {
      const runs = known.get(name) ?? [];
      const total = runs.reduce((sum, [count]) => sum + count, 0);
      if (total !== size) throw new CertificateSizeError(name, total, size);
      const list = runs.flatMap(([count, lo, hi]): Interval[] => {
        return Array.from({ length: count }, () => ({ lo: BigInt(lo), hi: BigInt(hi) }));
      });
      return [name, list];
    }),
  );
}

/** A certificate is of another program. */
export class CertificateSizeError extends Error {
  override readonly name = "CertificateSizeError";

  constructor(tensor: string, given: number, expected: number) {
    super(
      `The certificate has ${given} intervals for ${tensor}, which has ${expected} numbers. Take the one that was built ` +
        "with this program.",
    );
  }
}
