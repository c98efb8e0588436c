/** Writing HTML and SVG in which nothing that a model says is ever markup. */
import { visible } from "./words.ts";

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** A model's text, for between tags and for attributes in quotes. */
export function escaped(text: string): string {
  return visible(text).replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? "");
}

/** Of these alone browsers take the slash for an end: HTML's that are always empty, and SVG's. */
const SELF_CLOSING: ReadonlySet<string> = new Set(["meta", "rect"]);

type Attributes = Readonly<Record<string, string | number>>;

/** An element around markup that is ready: texts go through `escaped` first. */
export function element(name: string, attributes: Attributes, ...content: readonly string[]): string {
  const written = Object.entries(attributes).map(([key, value]) => ` ${key}="${escaped(String(value))}"`);
  const inside = content.join("");
  const start = `<${name}${written.join("")}`;
  return inside === "" && SELF_CLOSING.has(name) ? `${start}/>` : `${start}>${inside}</${name}>`;
}
