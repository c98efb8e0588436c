import { fileURLToPath } from "node:url";

import { expect } from "chai";

import { deriveModel, type DerivedModel } from "../../../src/model/build-model.ts";
import { pageOf } from "../../../src/model/report/page.ts";
import { GADGETS, PAGE } from "../../../src/model/report/palette.ts";
import { reportOf, type ModelReport } from "../../../src/model/report/report.ts";
import { columnsOf, percent, visible } from "../../../src/model/report/words.ts";
import { contrastOf, distanceOf, SIGHTS } from "./colours.ts";
import { all, find, parse, tableIn, textIn, type Element } from "./markup.ts";
import { HOSTILE, hostileFrom, sum, withLayers } from "./models.ts";

/** How wide a plot is, and what a letter in it takes. */
const WIDTH = 720;
const LETTER = 7.3;

describe("the page of a report", () => {
  let iris: DerivedModel;
  let report: ModelReport;
  let hostile: DerivedModel;

  before(async () => {
    iris = await deriveModel(fileURLToPath(new URL("../../../models/iris", import.meta.url)));
    report = reportOf(iris);
    hostile = hostileFrom(iris);
  });

  it("is well formed, and needs and runs nothing, whatever a model says", () => {
    const blank = { ...report, name: " ", purpose: "" };
    for (const each of [report, blank, reportOf(hostile), withLayers(report, 40)]) {
      const page = pageOf(each);
      const root = parse(page);
      const names = new Set(all(root).map(({ name }) => name));
      expect([...names].filter((name) => ["script", "link", "img", "iframe", "object"].includes(name))).to.be.empty;
      for (const { attributes } of all(root)) {
        expect(Object.keys(attributes).filter((name) => /^on|^src|href$/.test(name))).to.be.empty;
      }
      expect(find(root, "style").map(textIn).join("")).to.not.match(/url\(|@import/);
      const ids = all(root).flatMap(({ attributes }) => attributes["id"] ?? []);
      expect(new Set(ids).size).to.equal(ids.length);
    }
    expect(pageOf(report)).to.not.match(/https?:/);
    expect(find(parse(pageOf(reportOf(hostile))), "h1").map(textIn)).to.deep.equal([visible(HOSTILE)]);
    expect(pageOf(reportOf(hostile))).to.contain("&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;&#39;");
  });

  it("has a title, a description and a table for each plot", () => {
    for (const each of find(parse(pageOf(report)), "section").filter((part) => find(part, "svg").length > 0)) {
      const [svg] = find(each, "svg");
      const [title, description] = (svg?.attributes["aria-labelledby"] ?? "").split(" ");
      const labels = all(each).filter(({ attributes }) => [title, description].includes(attributes["id"]));
      expect(labels.map(({ name }) => name)).to.deep.equal(["title", "desc"]);
      for (const label of labels) expect(textIn(label)).to.not.equal("");
      expect(find(each, "table")).to.not.be.empty;
    }
    expect(find(parse(pageOf(report)), "svg")).to.have.length(3);
  });

  it("shows the report's figures, and no others", () => {
    const root = parse(pageOf(report));
    const costs = report.cost.layers.flatMap(({ name, gadgets }) => {
      return gadgets.map(({ gadget, count, constraints, rows }) => {
        return [name, gadget, ...[count, constraints, rows].map(String), percent(rows / report.cost.rows)];
      });
    });
    expect(tableIn(root, "Constraints by layer")).to.deep.equal(costs);
    const widths = report.intervals.flatMap(({ layer, tensors }) => {
      return tensors.map(({ id, operation, size, bits }) => [layer, id, operation, String(size), String(bits)]);
    });
    expect(tableIn(root, "Widest intervals")).to.deep.equal(widths);
    expect(tableIn(root, "What it takes")[0]).to.deep.equal(["sepal length", "cm", "0", "12.7", "0.1", "7", "1"]);
    expect(tableIn(root, "Floats and integers")).to.deep.include.members([
      ["accuracy in floats", "96.67%"],
      ["accuracy in integers", "96.67%"],
      ["lost", "0.00 points"],
    ]);
    expect(find(root, "dd").map(textIn)).to.include.members(["318", "2^9", "100.00%", "96.67%"]);
  });

  it("has an error of numbers in their unit", () => {
    const { source } = iris;
    const agreement = { ...iris.agreement, metric: "mean absolute error", float: 0.5, integer: 0.75 } as const;
    const error = reportOf({ ...iris, agreement, source: { ...source, output: { ...source.output, unit: "€" } } });
    expect(error.agreement.lost).to.equal(0.25);
    const root = parse(pageOf(error));
    expect(tableIn(root, "Floats and integers")).to.deep.include.members([
      ["mean absolute error in integers", "0.75 €"],
      ["lost", "0.25 €"],
    ]);
    const [plot] = find(root, "svg");
    expect(barsIn(plot).map((bars) => sum(bars.map(({ width }) => width)))).to.satisfy(
      ([float = 0, integer = 0]: number[]) => Math.abs(float / integer - 0.5 / 0.75) < 0.01,
    );
  });

  it("draws bars as long as their figures are large, none on another, in 1 to 40 layers of any name", () => {
    for (const count of [1, 2, 7, 40]) {
      const large = withLayers(report, count);
      const [, layers, intervals] = find(parse(pageOf(large)), "svg");
      expectRoom(layers as Element, count);
      expectRoom(intervals as Element, count);
      const most = Math.max(...large.cost.layers.map(({ rows }) => rows));
      for (const [at, bars] of barsIn(layers).entries()) {
        const { rows = 0, gadgets = [] } = large.cost.layers[at] ?? {};
        expect(bars.map(({ tone }) => tone)).to.deep.equal(gadgets.map(({ gadget }) => `fill-${gadget}`));
        const { x = 0, width = 0 } = bars.at(-1) ?? {};
        expect(x + width).to.be.closeTo((rows / most) * WIDTH, 1.5);
        for (const [index, bar] of bars.entries()) {
          expect(bar.x + bar.width).to.be.at.most((bars[index + 1]?.x ?? WIDTH) + 0.01);
        }
      }
    }
  });

  it("has colours that stand out from the page, and that colour-blind readers tell apart", () => {
    for (const page of ["light", "dark"] as const) {
      const tones = Object.values(GADGETS).map((tone) => tone[page]);
      const paper = PAGE.paper[page];
      for (const tone of [...tones, PAGE.accent[page], PAGE.plain[page]]) {
        expect(contrastOf(tone, paper), tone).to.be.at.least(3);
      }
      for (const words of [PAGE.ink[page], PAGE.muted[page], PAGE.accent[page]]) {
        expect(contrastOf(words, paper), words).to.be.at.least(4.5);
        expect(contrastOf(words, PAGE.track[page]), words).to.be.at.least(4.5);
      }
      for (const sight of SIGHTS) {
        for (const [index, tone] of tones.entries()) {
          for (const other of tones.slice(0, index)) {
            expect(distanceOf(tone, other, sight), `${tone} ${other}`).to.be.at.least(0.1);
          }
        }
      }
    }
  });
});

type DrawnBar = { readonly tone: string; readonly x: number; readonly width: number };

/** The coloured parts of each bar, without the track behind them. */
function barsIn(svg: Element | undefined): DrawnBar[][] {
  return find(svg as Element, "g").map((group) => {
    return find(group, "rect")
      .slice(1)
      .map(({ attributes }) => {
        return { tone: attributes["class"] ?? "", x: Number(attributes["x"]), width: Number(attributes["width"]) };
      });
  });
}

/** Every text and bar is inside the plot, and no text touches another or a bar. */
function expectRoom(svg: Element, count: number): void {
  const groups = find(svg, "g");
  expect(groups).to.have.length(count);
  const height = Number(svg.attributes["height"]);
  const legend = svg.children.filter((child) => typeof child !== "string" && child.name === "text") as Element[];
  let bottom = Math.max(0, ...legend.map(({ attributes }) => Number(attributes["y"]) + 3));
  for (const { attributes, ...entry } of legend) {
    const end = Number(attributes["x"]) + LETTER * columnsOf(textIn({ attributes, ...entry }));
    expect(end).to.be.at.most(WIDTH);
  }
  for (const group of groups) {
    const [name, figure] = find(group, "text") as [Element, Element];
    const [track] = find(group, "rect") as [Element];
    const lengths = [name, figure].map((text) => LETTER * columnsOf(textIn(text)));
    expect(sum(lengths)).to.be.at.most(WIDTH - LETTER);
    const baseline = Number(name.attributes["y"]);
    expect(baseline - 12).to.be.at.least(bottom);
    expect(baseline + 4).to.be.at.most(Number(track.attributes["y"]));
    bottom = Number(track.attributes["y"]) + Number(track.attributes["height"]);
  }
  expect(bottom).to.be.at.most(height);
}
