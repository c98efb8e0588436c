/** How much memory processes hold, with all that they started, over time. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";

export type Sample = {
  /** How many requests were settled by then. */
  readonly settled: number;
  /** Resident megabytes of each process that is watched, in their order. */
  readonly megabytes: readonly number[];
};

export type MemoryUse = {
  readonly name: string;
  readonly first: number;
  readonly last: number;
  readonly most: number;
  /** Megabytes for each 1,000 requests, after the warm-up. */
  readonly slope: number;
  /** From the first third of the samples after the warm-up to the last third, by their medians. */
  readonly growth: number;
};

const KILOBYTES = 1024;
/** The resident megabytes of processes, each with its children and theirs. */
export async function memoryOf(roots: readonly number[]): Promise<number[]> {
  const { stdout } = await promisify(execFile)("ps", ["-A", "-o", "pid=,ppid=,rss="]);
  const rows = stdout.split("\n").map((line) => line.trim().split(/\s+/).map(Number));
  const children = Map.groupBy(rows, ([, parent]) => parent);
  const own = new Map(rows.map(([pid, , resident = 0]) => [pid, resident]));
  const total = (pid: number | undefined): number =>
    (own.get(pid) ?? 0) + (children.get(pid) ?? []).reduce((sum, [child]) => sum + total(child), 0);
  return roots.map((root) => Math.round(total(root) / KILOBYTES));
}

/**
 * What samples say of each process.
 *
 * @param warmUp How many requests are settled before growth counts; a run that is no longer has none.
 */
export function usesIn(samples: readonly Sample[], names: readonly string[], warmUp: number): MemoryUse[] {
  const isWarm = ({ settled }: Sample): boolean => settled >= warmUp;
  return names.map((name, index) => {
    const points = samples.map((sample) => ({ ...sample, own: sample.megabytes[index] ?? 0 }));
    const warm = points.filter(isWarm);
    const third = Math.ceil(warm.length / 3);
    const own = warm.map((point) => point.own);
    return {
      name,
      first: points[0]?.own ?? 0,
      last: points.at(-1)?.own ?? 0,
      most: Math.max(0, ...points.map((point) => point.own)),
      slope: slopeOf(warm.map((point) => [point.settled / 1000, point.own])),
      growth: warm.length === 0 ? 0 : median(own.slice(-third)) - median(own.slice(0, third)),
    };
  });
}

/** Of the line that is nearest to all points; zero where they make none. */
function slopeOf(points: readonly (readonly [x: number, y: number])[]): number {
  const [x, y] = [mean(points.map((point) => point[0])), mean(points.map((point) => point[1]))];
  const spread = points.reduce((sum, point) => sum + (point[0] - x) ** 2, 0);
  const common = points.reduce((sum, point) => sum + (point[0] - x) * (point[1] - y), 0);
  return spread === 0 ? 0 : Math.round((10 * common) / spread) / 10;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function median(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? 0;
}
