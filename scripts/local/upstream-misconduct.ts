/** How the local upstream can be told to misbehave. */

export type Misconduct =
  /** Answers with an error, as the API has them. */
  | { readonly kind: "fails"; readonly status: number; readonly message?: string }
  | { readonly kind: "redirects"; readonly to: string }
  /** Takes the question, and says nothing. */
  | { readonly kind: "silent" }
  /** Says no more after so many chunks, until it is let go on. */
  | { readonly kind: "stalls"; readonly after: number }
  /** Tears the connection down after so many chunks. */
  | { readonly kind: "breaks-off"; readonly after: number }
  /** Never says what was used. */
  | { readonly kind: "uncounted" }
  /** Says that this was used, whatever it is. */
  | { readonly kind: "counts"; readonly usage: unknown }
  /** Calls itself otherwise than it was asked for. */
  | { readonly kind: "named"; readonly model: unknown }
  /** Answers exactly these bytes, in these writes. */
  | {
      readonly kind: "writes";
      readonly parts: readonly (string | Uint8Array)[];
      readonly type?: string;
      readonly isBrokenOff?: boolean;
    };

/** The fields of an answer that its misconduct changes. */
export function changesBy(misconduct: Misconduct | undefined): { readonly [key: string]: unknown } {
  if (misconduct?.kind === "counts") return { usage: misconduct.usage };
  if (misconduct?.kind === "uncounted") return { usage: undefined };
  return misconduct?.kind === "named" ? { model: misconduct.model } : {};
}
