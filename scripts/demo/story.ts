/** What the demo tells, for people line by line, for programs as one object at the end. */
export type Story = {
  readonly act: (title: string) => void;
  readonly tell: (sentence: string) => void;
  readonly table: (header: readonly string[], rows: readonly (readonly string[])[]) => void;
  /** Keeps figures for the object. */
  readonly record: (name: string, figures: Record<string, number | string>) => void;
  readonly records: Readonly<Record<string, Record<string, number | string>>>;
};

const BOLD = ["\u001B[1m", "\u001B[22m"] as const;

/** Starts a story that is printed as it goes, by `print`. */
export function startStory(print: (line: string) => void, isTerminal: boolean): Story {
  const records: Record<string, Record<string, number | string>> = {};
  let acts = 0;
  return {
    records,
    act(title) {
      acts += 1;
      const [on, off] = isTerminal ? BOLD : ["", ""];
      print(`\n${on}${acts}. ${title}${off}`);
    },
    tell(sentence) {
      print(`   ${sentence}`);
    },
    table(header, rows) {
      const widths = header.map((title, column) =>
        Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)),
      );
      for (const row of [header, ...rows]) {
        print(
          `     ${row
            .map((cell, column) => cell.padEnd(widths[column] ?? 0))
            .join("   ")
            .trimEnd()}`,
        );
      }
    },
    record(name, figures) {
      records[name] = figures;
    },
  };
}
