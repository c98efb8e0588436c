/** Gathers what comes at the same time into one statement: the more comes, the less each costs. */
const MOST = 64;

/**
 * A function that does one thing, made of one that does many.
 *
 * @param many Answers in the order of what it is given, and does nothing if it throws: then each is tried alone, so that
 * nobody fails for another's sake.
 *
 * @param waitMs How long the first one waits for others; by default only for those of the same turn of the loop.
 */
export function grouped<Item, Result>(
  many: (items: readonly Item[]) => Promise<readonly Result[]>,
  waitMs = 0,
): (item: Item) => Promise<Result> {
  type Waiting = { item: Item; resolve: (result: Result) => void; reject: (error: unknown) => void };
  let waiting: Waiting[] = [];
  let isBusy = false;
  const alone = async ({ item, resolve, reject }: Waiting): Promise<void> => {
    try {
      resolve((await many([item]))[0] as Result);
    } catch (error) {
      reject(error);
    }
  };
  const run = async (): Promise<void> => {
    isBusy = true;
    while (waiting.length > 0) {
      const group = waiting.slice(0, MOST);
      waiting = waiting.slice(MOST);
      try {
        const results = await many(group.map(({ item }) => item));
        for (const [index, { resolve }] of group.entries()) resolve(results[index] as Result);
      } catch (error) {
        if (group.length === 1) group[0]?.reject(error);
        else for (const each of group) await alone(each);
      }
    }
    isBusy = false;
  };
  return (item) =>
    new Promise((resolve, reject) => {
      waiting.push({ item, resolve, reject });
      // In a moment, so that what comes in the same turn of the loop is in the first group.
      if (!isBusy) {
        isBusy = true;
        if (waitMs === 0) setImmediate(() => void run());
        else setTimeout(() => void run(), waitMs);
      }
    });
}
