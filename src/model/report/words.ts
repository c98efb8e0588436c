/** How reports write numbers and the texts of models, the same way in all of them and on every machine. */

/** An integer, with its thousands apart. */
export function grouped(value: number): string {
  return String(value).replaceAll(/\B(?=(\d{3})+$)/g, ",");
}

/** A part of a whole. What is not all or nothing is never rounded to it. */
export function percent(part: number): string {
  const hundredths = Math.round(10_000 * part);
  const honest = part > 0 && part < 1 ? Math.min(Math.max(hundredths, 1), 9_999) : hundredths;
  return `${(honest / 100).toFixed(2)}%`;
}

/** A difference of percentages. */
export function points(value: number): string {
  return `${value.toFixed(2).replace(/^-(?=0\.00$)/, "")} points`;
}

/** A measured number, to four digits or to the whole. */
export function quantity(value: number, unit?: string): string {
  const text = Math.abs(value) < 1000 ? String(Number(value.toPrecision(4))) : grouped(Math.round(value));
  return unit === undefined ? text : `${text} ${unit}`;
}

/**
 * A model's text in one line, without what a terminal would obey, and without what turns the text around it. Only the
 * joiners stay, without which some scripts cannot be written.
 */
export function visible(text: string): string {
  return text
    .replaceAll(/\s+/g, " ")
    .replaceAll(/(?![\u200C\u200D])[\p{Cc}\p{Cf}\p{Cs}]/gu, "\uFFFD")
    .trim();
}

const WIDE =
  /^(?:\p{Emoji_Presentation}|[\u1100-\u115F\u2E80-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60\uFFE0-\uFFE6]|[\u{20000}-\u{3FFFD}])/u;
const segmenter = new Intl.Segmenter("en", { granularity: "grapheme" });

function graphemes(text: string): string[] {
  return Array.from(segmenter.segment(text), ({ segment }) => segment);
}

/** How many columns a text takes where all letters are equally wide. */
export function columnsOf(text: string): number {
  return graphemes(text).reduce((sum, each) => sum + (WIDE.test(each) ? 2 : 1), 0);
}

/** A text in at most so many columns. */
export function cut(text: string, columns: number): string {
  if (columnsOf(text) <= columns) return text;
  let kept = "";
  let left = columns - 1;
  for (const each of graphemes(text)) {
    left -= columnsOf(each);
    if (left < 0) break;
    kept += each;
  }
  return `${kept}…`;
}

export function padEnd(text: string, columns: number): string {
  return text + " ".repeat(Math.max(0, columns - columnsOf(text)));
}

export function padStart(text: string, columns: number): string {
  return " ".repeat(Math.max(0, columns - columnsOf(text))) + text;
}
