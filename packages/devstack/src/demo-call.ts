// `npm run demo:call`: a simulated caller calls the stack of `npm start -- --simulator`, hears the greeting and leaves a message. Prints
// the call's record and the metrics, and saves what the caller heard and said.
import { writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { countersOf, keysOf, printCounters, simulatedStack } from './demo-stack.ts';
import { placeCall } from './demo/call.ts';
import { poll } from './poll.ts';
import { dataFolder } from './running-stack.ts';

const messageMs = 2000;
const caller = '+15550100123';
const desk = '+15550199000';

interface CallRecord {
  outcome: string | null;
  reason: string | null;
  recordings: { id: string; duration_ms: number }[];
}

async function main(): Promise<void> {
  const stack = simulatedStack();
  const keys = keysOf(stack);
  const completedBefore = (await countersOf(stack, keys))['calls_completed'] ?? 0;
  const began = performance.now();
  const say = (line: string): void =>
    console.log(`  ${((performance.now() - began) / 1000).toFixed(1).padStart(4)} s  ${line}`);

  console.log(`${caller} calls ${desk}`);
  const { sid, heardMs } = await placeCall({
    simulator: stack.simulator,
    from: caller,
    to: desk,
    messageMs,
    onStep: say,
  });

  const headers = { 'x-api-key': keys['API_KEY'] ?? '' };
  const { record, recording } = await poll(
    async () => {
      const found = (await (await fetch(`${stack.api}/api/calls/${sid}`, { headers })).json()) as CallRecord;
      const [first] = found.recordings ?? [];
      return found.outcome !== null && first && { record: found, recording: first };
    },
    { timeoutMs: 10_000, everyMs: 200, what: 'the recording' },
  );
  console.log(`\n${stack.api}/api/calls/${sid}`);
  console.log(`  ${record.outcome}: ${record.reason}`);

  const sounds = [
    ['heard', heardMs, `${stack.simulator}/calls/${sid}/heard`],
    ['said', recording.duration_ms, `${stack.api}/api/calls/${sid}/recordings/${recording.id}`],
  ] as const;
  console.log('\nTo listen to');
  for (const [what, ms, url] of sounds) {
    const sound = await fetch(url, url.startsWith(stack.api) ? { headers } : {});
    if (!sound.ok) throw new Error(`${url}: ${sound.status}`);
    const file = join(dataFolder(), `demo-call-${what}.wav`);
    await writeFile(file, Buffer.from(await sound.arrayBuffer()));
    console.log(`  ${relative(process.cwd(), file)}: what the caller ${what}, ${(ms / 1000).toFixed(1)} s`);
  }

  const counters = await poll(
    async () => {
      const found = await countersOf(stack, keys);
      return (found['calls_completed'] ?? 0) > completedBefore && found;
    },
    { timeoutMs: 10_000, everyMs: 500, what: 'the metrics' },
  );
  printCounters(stack, counters);
}

try {
  await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
