import { basename, dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { FaqAgent } from '../src/faq-agent.ts';
import type { HistoryEntry } from '../src/answer.ts';
import { type Profile, ProfileError, loadProfile } from '../src/index.ts';
import { type Case, CasesError, type Turn, readCases } from './cases.ts';
import { type Verdict, judge } from './judge.ts';

const usage = `usage: npm run eval [-- FILE --profiles DIR --floor N]

Plays the conversations of FILE (YAML) with the offline agent and prints how many of its answers are right.
Without FILE, the shipped sets with their floors.

  --profiles DIR  where the sets' profiles are; else the folder "profiles" beside FILE
  --floor N       exit with 1 below this score, from -1 to 1; a larger one is never reached
  --help          print this`;
/** Offers count as partly right for at most this share of the turns. */
const MAX_PARTLY_SHARE = 0.15;
const here = import.meta.dirname;
/** The shipped sets, each with the score that it must reach. */
const sets = [
  { file: join(here, 'dev.yaml'), floor: 0.9 },
  { file: join(here, 'other-trades.yaml'), floor: 0.62 },
  { file: join(here, 'eight-trades.yaml'), floor: 0.7 },
  { file: join(here, 'unseen-trades.yaml'), floor: 0.72 },
];

interface JudgedTurn {
  one: Case;
  turn: Turn;
  verdict: Verdict;
  answerText: string;
  ms: number;
}

async function evaluate(file: string, profiles: string): Promise<JudgedTurn[]> {
  const cases = await readCases(file);
  const agents = new Map<string, FaqAgent>();
  for (const name of new Set(cases.map(({ profile }) => profile))) {
    const profile: Profile = await loadProfile(join(profiles, `${name}.yaml`));
    agents.set(name, new FaqAgent(profile));
  }
  return cases.flatMap((one) => play(one, agents.get(one.profile)!));
}

/** Plays a conversation. Earlier turns are its history. */
function play(one: Case, agent: FaqAgent): JudgedTurn[] {
  const history: HistoryEntry[] = [];
  let isOptedOut = false;
  const now = new Date(one.now);
  return one.turns.map((turn) => {
    const began = performance.now();
    const answer = agent.answer({ text: turn.says, history, now, isOptedOut });
    const ms = performance.now() - began;
    const offered = (answer.offered ?? []).map(
      (question) => agent.answer({ text: question, history: [], now }).text,
    );
    const verdict = judge(answer, turn.expect, offered);
    history.push({ direction: 'inbound', text: turn.says }, { direction: 'outbound', text: answer.text });
    isOptedOut = answer.source === 'opt-out' || (isOptedOut && answer.source !== 'opt-in');
    return { one, turn, verdict, answerText: answer.text, ms };
  });
}

/**
 * (right + partly / 2 - wrong) / turns.
 * @param maxPartlyShare share of the turns that may count as partly right; further ones count as missed
 */
function scoreOf(
  judged: readonly JudgedTurn[],
  maxPartlyShare: number,
): { score: number; counts: Record<Verdict, number> } {
  const counts: Record<Verdict, number> = { right: 0, partly: 0, wrong: 0, missed: 0, needless: 0 };
  for (const { verdict } of judged) counts[verdict]++;
  const counted = Math.min(counts.partly, Math.floor(judged.length * maxPartlyShare));
  const beyond = counts.partly - counted;
  const total = { ...counts, partly: counted, missed: counts.missed + beyond };
  return { score: (total.right + total.partly / 2 - total.wrong) / judged.length, counts: total };
}

function report(name: string, judged: readonly JudgedTurn[]): number {
  const out = (line: string): void => void process.stdout.write(`${line}\n`);
  out(`\n${name}`);
  for (const { one, turn, verdict, answerText } of judged) {
    if (verdict === 'right') continue;
    out(`  ${verdict.padEnd(8)} ${one.id}: ${shorten(turn.says)}\n           -> ${shorten(answerText)}`);
  }
  for (const by of ['category', 'language'] as const) {
    out('');
    for (const [key, group] of Map.groupBy(judged, ({ one }) => one[by]))
      out(lineOf(key.padEnd(18), group, 1));
  }
  const times = judged.map(({ ms }) => ms).toSorted((a, b) => a - b);
  out(
    `\ntime per message: median ${times[Math.floor(times.length / 2)]?.toFixed(2)} ms, largest ${times.at(-1)?.toFixed(2)} ms`,
  );
  out(lineOf('score', judged, MAX_PARTLY_SHARE));
  return scoreOf(judged, MAX_PARTLY_SHARE).score;
}

function lineOf(name: string, judged: readonly JudgedTurn[], maxPartlyShare: number): string {
  const { score, counts } = scoreOf(judged, maxPartlyShare);
  const { right, partly, wrong, missed, needless } = counts;
  return `${name} ${score.toFixed(2)}: ${right} right, ${partly} partly, ${wrong} wrong, ${missed} missed, ${needless} needlessly handed off, of ${judged.length}`;
}

function shorten(text: string): string {
  const line = text.replaceAll('\n', ' / ');
  return line.length > 150 ? `${line.slice(0, 70)} … ${line.slice(-70)}` : line;
}

/** The command line is invalid. */
class UsageError extends Error {}

/** @throws UsageError */
function readArgs(args: string[]): {
  help: boolean;
  sets: { file: string; profiles: string; floor: number }[];
} {
  const options = {
    profiles: { type: 'string' },
    floor: { type: 'string' },
    help: { type: 'boolean' },
  } as const;
  const { values, positionals } = parse(() => parseArgs({ args, allowPositionals: true, options }));
  const [file, ...more] = positionals;
  if (more.length > 0) throw new UsageError(`one FILE at most, not ${positionals.length}`);
  const floor = values.floor === undefined ? undefined : Number(values.floor);
  if (floor !== undefined && (values.floor?.trim() === '' || !Number.isFinite(floor)))
    throw new UsageError(`--floor: "${values.floor}" is no number`);
  const chosen = file === undefined ? sets : [{ file, floor: -1 }];
  return {
    help: values.help ?? false,
    sets: chosen.map((set) => ({
      file: set.file,
      profiles: values.profiles ?? join(dirname(set.file), 'profiles'),
      floor: floor ?? set.floor,
    })),
  };
}

function parse<T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw new UsageError((cause as Error).message, { cause });
  }
}

async function main(): Promise<number> {
  const { help, sets: chosen } = readArgs(process.argv.slice(2));
  if (help) {
    process.stdout.write(`${usage}\n`);
    return 0;
  }
  let code = 0;
  for (const { file, profiles, floor } of chosen) {
    const score = report(basename(file), await evaluate(file, profiles));
    if (score >= floor) continue;
    process.stderr.write(`${basename(file)}: ${score.toFixed(3)} is below ${floor}\n`);
    code = 1;
  }
  return code;
}

try {
  process.exitCode = await main();
} catch (error) {
  const isExpected =
    error instanceof UsageError || error instanceof CasesError || error instanceof ProfileError;
  if (!isExpected) throw error;
  process.stderr.write(`${error.message}\n${error instanceof UsageError ? `${usage}\n` : ''}`);
  process.exitCode = 2;
}
