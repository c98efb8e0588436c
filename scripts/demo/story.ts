/** What the demo tells, line by line. */
export type Story = {
  readonly act: (title: string) => void;
  readonly tell: (...sentences: readonly string[]) => void;
  readonly table: (header: readonly string[], rows: readonly (readonly string[])[]) => void;
  /** One row at a time, in columns that are as wide as they are said to be. */
  readonly row: (cells: readonly (readonly [text: string, width: number])[]) => void;
};

const BOLD = ["\u001B[1m", "\u001B[22m"] as const;

/** Starts a story that is printed as it goes, by `print`. */
export function startStory(print: (line: string) => void, isTerminal: boolean): Story {
  let acts = 0;
  const row: Story["row"] = (cells) => {
    print(
      `     ${cells
        .map(([text, width]) => text.padEnd(width))
        .join("   ")
        .trimEnd()}`,
    );
  };
  return {
    row,
    act(title) {
      acts += 1;
      const [on, off] = isTerminal ? BOLD : ["", ""];
      print(`\n${on}${acts}. ${title}${off}`);
    },
    tell(...sentences) {
      for (const sentence of sentences) print(`   ${sentence}`.trimEnd());
    },
    table(header, rows) {
      const widths = header.map((title, column) =>
        Math.max(title.length, ...rows.map((cells) => cells[column]?.length ?? 0)),
      );
      for (const cells of [header, ...rows]) row(cells.map((text, column) => [text, widths[column] ?? 0]));
    },
  };
}
