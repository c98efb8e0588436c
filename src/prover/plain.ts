const MOST_CHARACTERS = 200;

/** One short line of what a stranger wrote, since it ends up in logs. */
export function plain(text: string): string {
  return text.replaceAll(/[^ -~]+/g, " ").slice(0, MOST_CHARACTERS);
}
