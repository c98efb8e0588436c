/**
 * Horizontal bars as SVG. A bar's name and figure stand on a line above it, in letters of one width, so that no name can
 * run into a figure or out of the picture, however long it is and however many bars there are.
 */
import { element, escaped } from "./markup.ts";
import { columnsOf, cut, visible } from "./words.ts";

export type BarPlot = {
  /** Unlike that of any other plot on the page. */
  readonly id: string;
  readonly title: string;
  /** What a reader who does not see the plot should know. */
  readonly description: string;
  /** What a bar of full length stands for. */
  readonly most: number;
  readonly bars: readonly Bar[];
  /** What the colours mean, where a bar has several. */
  readonly legend?: readonly LegendEntry[];
};

/** Segments follow each other from the left. */
export type Bar = { readonly name: string; readonly figure: string; readonly segments: readonly Segment[] };

/** `tone` is a colour's name in the palette. */
export type Segment = { readonly value: number; readonly tone: string; readonly name: string };

export type LegendEntry = { readonly name: string; readonly tone: string };

const WIDTH = 720;
const BAR = { pitch: 46, baseline: 14, top: 22, height: 12 } as const;
const LEGEND = { pitch: 24, swatch: 11, gap: 7, between: 22 } as const;
/** What a letter takes at the style sheet's 12 pixels, in the widest of the usual fixed-width fonts. */
const LETTER = 7.3;
/** Letters that stay free between a name and its figure. */
const FREE = 2;
/** What is there is seen, however little it is. */
const THINNEST = 1.5;
/** Between segments, so that they differ by more than their colours. */
const SEAM = 1;

export function barPlot({ id, title, description, most, bars, legend = [] }: BarPlot): string {
  const key = placeLegend(legend);
  const height = key.height + bars.length * BAR.pitch;
  const attributes = {
    class: "plot",
    role: "img",
    viewBox: `0 0 ${WIDTH} ${height}`,
    width: WIDTH,
    height,
    "aria-labelledby": `${id}-title ${id}-description`,
  };
  return element(
    "svg",
    attributes,
    element("title", { id: `${id}-title` }, escaped(title)),
    element("desc", { id: `${id}-description` }, escaped(description)),
    ...key.drawn,
    ...bars.map((bar, index) => drawBar(bar, key.height + index * BAR.pitch, most)),
  );
}

function drawBar({ name, figure, segments }: Bar, top: number, most: number): string {
  const letters = Math.floor(WIDTH / LETTER) - columnsOf(figure) - FREE;
  const label = cut(visible(name), letters);
  const present = segments.filter(({ value }) => value > 0);
  const lengths = lengthsOf(present, most);
  let x = 0;
  const drawn = present.map(({ tone, name: meaning }, index) => {
    const length = lengths[index] ?? 0;
    const seam = length > 4 * SEAM ? SEAM : 0;
    const place = { x: round(x), y: top + BAR.top, width: round(length - seam), height: BAR.height };
    x += length;
    return element("rect", { class: `fill-${tone}`, ...place }, element("title", {}, escaped(meaning)));
  });
  return element(
    "g",
    {},
    element("text", { x: 0, y: top + BAR.baseline }, escaped(label)),
    element("text", { class: "figure", x: WIDTH, y: top + BAR.baseline, "text-anchor": "end" }, escaped(figure)),
    element("rect", { class: "fill-track", x: 0, y: top + BAR.top, width: WIDTH, height: BAR.height }),
    ...drawn,
  );
}

/** In proportion, but that the longest gives the thinnest what they lack. */
function lengthsOf(segments: readonly Segment[], most: number): number[] {
  const exact = segments.map(({ value }) => (value / most) * WIDTH);
  const lengths = exact.map((length) => Math.max(THINNEST, length));
  const excess = lengths.reduce((sum, length, index) => sum + length - (exact[index] ?? 0), 0);
  const longest = lengths.indexOf(Math.max(...lengths));
  return lengths.map((length, index) => (index === longest ? Math.max(THINNEST, length - excess) : length));
}

/** From left to right, and on to the next line where the next name would leave the picture. */
function placeLegend(legend: readonly LegendEntry[]): { readonly height: number; readonly drawn: readonly string[] } {
  let x = 0;
  let y = 0;
  const drawn = legend.map(({ name, tone }) => {
    const length = LEGEND.swatch + LEGEND.gap + columnsOf(name) * LETTER;
    if (x > 0 && x + length > WIDTH) [x, y] = [0, y + LEGEND.pitch];
    const { swatch } = LEGEND;
    const entry =
      element("rect", { class: `fill-${tone}`, x: round(x), y: y + 4, width: swatch, height: swatch }) +
      element("text", { x: round(x + swatch + LEGEND.gap), y: y + BAR.baseline }, escaped(name));
    x += length + LEGEND.between;
    return entry;
  });
  return { height: legend.length === 0 ? 0 : y + LEGEND.pitch + LEGEND.between / 2, drawn };
}

function round(length: number): number {
  return Math.round(100 * length) / 100;
}
