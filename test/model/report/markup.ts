/** Reads markup more strictly than a browser does: every tag ends, every attribute is in quotes, every `&` is an entity. */

export type Element = {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly (Element | string)[];
};

const TOKEN = /<!DOCTYPE html>|<(\/?)([A-Za-z][\w-]*)((?: [\w:-]+="[^"<]*")*)(\/?)>|[^<]+|</g;
const ENTITIES: Readonly<Record<string, string>> = {
  "&amp;": "&",
  "&lt;": "<",
  "&gt;": ">",
  "&quot;": '"',
  "&#39;": "'",
};

/** A document's only element. */
export function parse(text: string): Element {
  const root = { name: "", attributes: {}, children: [] as (Element | string)[] };
  const open = [root];
  for (const [token, end, name, attributes = "", empty] of text.matchAll(TOKEN)) {
    const inside = open.at(-1) ?? root;
    if (token === "<!DOCTYPE html>") continue;
    if (name === undefined) inside.children.push(decode(token));
    else if (end === "/") {
      if (open.pop()?.name !== name) throw new MarkupError(`</${name}> ends no <${name}>`);
    } else {
      const element = { name, attributes: attributesIn(attributes), children: [] };
      inside.children.push(element);
      if (empty !== "/") open.push(element);
      else if (name !== "meta" && name !== "rect") throw new MarkupError(`<${name}/> is open for a browser`);
    }
  }
  if (open.length > 1) throw new MarkupError(`<${open.at(-1)?.name}> does not end`);
  const [only, ...others] = root.children.filter((child) => typeof child !== "string");
  if (only === undefined || others.length > 0) throw new MarkupError("there is not one root");
  return only;
}

function attributesIn(text: string): Record<string, string> {
  const pairs = [...text.matchAll(/ ([\w:-]+)="([^"]*)"/g)].map(([, key = "", value = ""]) => [key, decode(value)]);
  const attributes = Object.fromEntries(pairs) as Record<string, string>;
  if (Object.keys(attributes).length < pairs.length) throw new MarkupError(`an attribute is there twice:${text}`);
  return attributes;
}

function decode(text: string): string {
  return text.replaceAll(/&[^;\s]*;?|</g, (entity) => {
    const character = ENTITIES[entity];
    if (character === undefined) throw new MarkupError(`${entity} is no entity, in "${text.slice(0, 80)}"`);
    return character;
  });
}

/** An element and all that are in it. */
export function all(element: Element): Element[] {
  return [element, ...element.children.flatMap((child) => (typeof child === "string" ? [] : all(child)))];
}

export function find(element: Element, name: string): Element[] {
  return all(element).filter((each) => each.name === name);
}

export function textIn({ children }: Element): string {
  return children.map((child) => (typeof child === "string" ? child : textIn(child))).join("");
}

/** The cells of the table with a caption, without its head. */
export function tableIn(root: Element, caption: string): string[][] {
  const table = find(root, "table").find((each) => find(each, "caption").some((found) => textIn(found) === caption));
  if (table === undefined) throw new MarkupError(`there is no table "${caption}"`);
  return find(table, "tr")
    .slice(1)
    .map((row) =>
      all(row)
        .filter(({ name }) => name === "th" || name === "td")
        .map(textIn),
    );
}

/** A page is not well formed, or lacks something. */
class MarkupError extends Error {
  override readonly name = "MarkupError";
}
