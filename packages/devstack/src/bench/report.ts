import type { Ratio } from './statistics.ts';

export interface Goal {
  /** What is compared with what, as it is printed. */
  readonly what: string;
  readonly ratio: Ratio;
  readonly atMost?: number;
  readonly atLeast?: number;
}

function isMet({ ratio, atMost = Infinity, atLeast = -Infinity }: Goal): boolean {
  return ratio.median <= atMost && ratio.median >= atLeast;
}

/** Prints the measurements and the goals. Sets the exit code to 1 if a goal is missed. */
export function report(
  title: string,
  measured: Readonly<Record<string, string>>,
  goals: readonly Goal[],
): void {
  console.log(`\n## ${title}`);
  const width = Math.max(0, ...Object.keys(measured).map((name) => name.length));
  for (const [name, value] of Object.entries(measured)) console.log(`  ${name.padEnd(width)}  ${value}`);
  for (const goal of goals) {
    const { what, ratio, atMost, atLeast } = goal;
    const limit = atMost === undefined ? `at least ${atLeast}` : `at most ${atMost}`;
    const spread = `${short(ratio.low)}..${short(ratio.high)}`;
    console.log(
      `  ${isMet(goal) ? 'met   ' : 'MISSED'} ${what}: ${short(ratio.median)} (${spread}), goal ${limit}`,
    );
    if (!isMet(goal)) process.exitCode = 1;
  }
}

export function short(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}

export const nanoseconds = (value: number): string => `${short(value)} ns`;
export const microseconds = (value: number): string => `${short(value)} us`;
