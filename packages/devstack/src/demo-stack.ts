import { type RunningStack, runApiCommand, runningStack } from './running-stack.ts';

/** The stack of `npm start -- --simulator`. @throws if it does not run */
export function simulatedStack(): RunningStack & { simulator: string } {
  const stack = runningStack();
  if (stack?.simulator === undefined) throw new Error('First, in another terminal: npm start -- --simulator');
  return { ...stack, simulator: stack.simulator };
}

export function keysOf(stack: RunningStack): Record<string, string> {
  const generated = runApiCommand('keys', [], stack, 'pipe').stdout.trim().split('\n').filter(Boolean);
  const read = Object.fromEntries(
    generated.map((line) => line.split(/=(.*)/s).slice(0, 2) as [string, string]),
  );
  const { ADMIN_KEY, API_KEY, METRICS_TOKEN } = process.env;
  return {
    ...read,
    ...(ADMIN_KEY && { ADMIN_KEY }),
    ...(API_KEY && { API_KEY }),
    ...(METRICS_TOKEN && { METRICS_TOKEN: METRICS_TOKEN.split(',')[0] ?? '' }),
  };
}

export async function countersOf(
  stack: { api: string },
  keys: Record<string, string>,
): Promise<Record<string, number>> {
  const response = await fetch(`${stack.api}/metrics.json`, {
    headers: { authorization: `Bearer ${keys['METRICS_TOKEN'] ?? ''}` },
  });
  return ((await response.json()) as { counters: Record<string, number> }).counters;
}

export function printCounters(stack: { api: string }, counters: Record<string, number>): void {
  console.log(`\n${stack.api}/metrics.json`);
  for (const [name, value] of Object.entries(counters)) {
    if (value > 0) console.log(`  ${name.padEnd(32)} ${value}`);
  }
}
