/**
 * The report's colours. The tones of gadgets were searched for by computer: they are as far apart as can be for readers
 * who see no red, no green or no blue, and each has a contrast of at least 3:1 with the page (WCAG 2.2, 1.4.11).
 */
import type { CostLine } from "../circuit/cost.ts";

/** A colour for a light page, and one for a dark page. */
export type Tone = { readonly light: string; readonly dark: string };

export const PAGE = {
  paper: { light: "#ffffff", dark: "#14171c" },
  ink: { light: "#1b1f26", dark: "#e8eaed" },
  muted: { light: "#5c6470", dark: "#a1a9b4" },
  line: { light: "#e2e5ea", dark: "#2c323b" },
  track: { light: "#f1f3f6", dark: "#1e232b" },
  accent: { light: "#1f5fc4", dark: "#7fa9f5" },
  plain: { light: "#7c8490", dark: "#7d8693" },
} as const satisfies Readonly<Record<string, Tone>>;

export const GADGETS: Readonly<Record<CostLine["gadget"], Tone>> = {
  LinearBits: { light: "#0a0074", dark: "#066ac3" },
  Relu: { light: "#b13f09", dark: "#fbac4c" },
  CommitInput: { light: "#2ba29b", dark: "#9affd0" },
  Product: { light: "#9339a7", dark: "#cc7798" },
  OneHot: { light: "#ba8c17", dark: "#8d8e07" },
  Wire: { light: "#9c7efb", dark: "#878dfa" },
  CommitOutput: { light: "#424458", dark: "#b6bfd3" },
  BindContext: { light: "#29150a", dark: "#6c635d" },
};

const TONES: Readonly<Record<string, Tone>> = { ...PAGE, ...GADGETS };

/** The colours as variables, of which fills are made by the class of the same name. */
export function toneStyles(): string {
  const variables = (page: keyof Tone): string =>
    Object.entries(TONES)
      .map(([name, tone]) => `--${name}:${tone[page]};`)
      .join("");
  const fills = Object.keys(TONES).map((name) => `.fill-${name}{fill:var(--${name})}`);
  // Paper is light whatever the screen is.
  return [
    `:root{color-scheme:light dark;${variables("light")}}`,
    `@media screen and (prefers-color-scheme:dark){:root{${variables("dark")}}}`,
    ...fills,
  ].join("\n");
}
