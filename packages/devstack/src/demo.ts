// `npm run demo`: simulated customers use the stack of `npm start -- --simulator`, or with `-- --compose` the containers, until Ctrl-C or
// for `--minutes`.
import { WrongArguments, readArguments } from './demo/arguments.ts';
import { Desk } from './demo/desk.ts';
import { type FoundStack, findStack } from './demo/find-stack.ts';
import { play } from './demo/play.ts';
import { business, day, script } from './demo/script.ts';
import { WhatsAppLine } from './demo/whatsapp-line.ts';
import { countersOf, printCounters } from './demo-stack.ts';
import { poll } from './poll.ts';
import { Random } from './random.ts';

const WIDEST_LINE = 150;
const SAME_PRESS_MS = 2000;

let isPlaying = false;

async function main(): Promise<void> {
  const { minutes, compose, seed = Date.now() % 2 ** 32 } = readArguments(process.argv.slice(2));
  const stop = stopOnSignal();
  const stack = await findStack({ compose });
  const sentBefore = await sentBy(stack);
  const line = new WhatsAppLine(stack, stop.signal);

  console.log(
    'All of this is simulated: the customers, their phones, WhatsApp, the calls, and Dana who answers.',
  );
  console.log('The stack is real, and so is its clock: the agent tells the hours of now.\n');
  console.log(
    `  Look:  ${stack.api.replace('127.0.0.1', 'localhost')}/ (the console; sign in with what "${stack.keyCommand}" prints)`,
  );
  console.log(`  Stop:  Ctrl-C${minutes === undefined ? '' : `, or wait ${minutes} min`}`);
  console.log(`  A day takes ${day.seconds / 60} minutes; --seed ${seed} plays the same again.\n`);

  const scanned = await line.pair();
  const desk = await Desk.open(stack);
  const pairing = scanned ? 'is paired: the simulated phone has scanned its QR code' : 'works already';
  console.log(`The WhatsApp session "${business.session}" ${pairing}.\n`);
  isPlaying = true;
  if (minutes !== undefined) setTimeout(() => stop.abort(), minutes * 60_000).unref();
  const stage = { simulator: stack.simulator, line, desk, stop, tell };
  const { questions, answers, calls, troubles } = await play(stage, script, new Random(seed));

  console.log(`\nPlayed: ${questions} messages, ${answers} answers, ${calls} calls; ${troubles} went wrong.`);
  printCounters(stack, await countersAfter(stack, sentBefore + answers));
}

function tell(time: string, who: string, what: string): void {
  const line = `  ${time}  ${who.padEnd(11)}${what.replaceAll(/\s+/g, ' ')}`;
  console.log(line.length > WIDEST_LINE ? `${line.slice(0, WIDEST_LINE - 4)} ...` : line);
}

/** Aborts at the first signal. Ctrl-C arrives twice, from the terminal and from npm, which counts as one. A later one exits at once. */
function stopOnSignal(): AbortController {
  const controller = new AbortController();
  let first: number | undefined;
  const onSignal = (): void => {
    first ??= performance.now();
    if (performance.now() - first > SAME_PRESS_MS) process.exit(130);
    if (!isPlaying) process.exit(0);
    controller.abort();
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal);
  return controller;
}

async function sentBy(stack: FoundStack): Promise<number> {
  return (await countersOf(stack, stack.keys))['whatsapp_outbound_messages'] ?? 0;
}

/** The metrics once they include the sent messages, or after 5 s. Every process publishes its counts once a second. */
async function countersAfter(stack: FoundStack, sent: number): Promise<Record<string, number>> {
  const deadline = performance.now() + 5000;
  return poll(
    async () => {
      const counters = await countersOf(stack, stack.keys);
      const isThere = (counters['whatsapp_outbound_messages'] ?? 0) >= sent;
      return (isThere || performance.now() > deadline) && counters;
    },
    { timeoutMs: 10_000, everyMs: 250, what: 'the metrics' },
  );
}

// The reader of the output has ended, such as `head`.
process.stdout.on('error', () => process.exit(0));
try {
  await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = error instanceof WrongArguments ? 2 : 1;
}
// Aborted waits may leave a timer that would keep the process running.
process.exit();
