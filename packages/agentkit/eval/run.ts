import { readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { FaqAgent, type HistoryEntry } from '../src/faq-agent.ts';
import { type Profile, loadProfile } from '../src/index.ts';
import { type Case, type Turn, parseCases } from './cases.ts';
import { type Verdict, judge } from './judge.ts';

const usage = 'usage: npm run eval [-- FILE --profiles DIR --floor N]';
/** Offers count as partly right for at most this share of the turns. */
const MOST_PARTLY = 0.15;
const here = import.meta.dirname;
/** What is evaluated where no file is named, with the score that it must reach. */
const sets = [
  { file: join(here, 'dev.yaml'), floor: 0.9 },
  { file: join(here, 'other-trades.yaml'), floor: 0.62 },
  { file: join(here, 'eight-trades.yaml'), floor: 0.7 },
  { file: join(here, 'unseen-trades.yaml'), floor: 0.72 },
];

interface Judged {
  one: Case;
  turn: Turn;
  verdict: Verdict;
  said: string;
  ms: number;
}

async function evaluate(file: string, profiles: string): Promise<Judged[]> {
  const cases = parseCases(await readFile(file, 'utf8'), basename(file));
  const agents = new Map<string, FaqAgent>();
  for (const name of new Set(cases.map(({ profile }) => profile))) {
    const profile: Profile = await loadProfile(join(profiles, `${name}.yaml`));
    agents.set(name, new FaqAgent(profile));
  }
  return cases.flatMap((one) => play(one, agents.get(one.profile)!));
}

/** Plays a conversation; what was said before is its history. */
function play(one: Case, agent: FaqAgent): Judged[] {
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
    return { one, turn, verdict, said: answer.text, ms };
  });
}

/** right + half of partly - wrong, over all. */
function scoreOf(judged: readonly Judged[]): { score: number; counts: Record<Verdict, number> } {
  const counts: Record<Verdict, number> = { right: 0, partly: 0, wrong: 0, missed: 0, needless: 0 };
  for (const { verdict } of judged) counts[verdict]++;
  const counted = Math.min(counts.partly, Math.floor(judged.length * MOST_PARTLY));
  const beyond = counts.partly - counted;
  const total = { ...counts, partly: counted, missed: counts.missed + beyond };
  return { score: (total.right + total.partly / 2 - total.wrong) / judged.length, counts: total };
}

function report(name: string, judged: readonly Judged[]): number {
  const out = (line: string): void => void process.stdout.write(`${line}\n`);
  out(`\n${name}`);
  for (const { one, turn, verdict, said } of judged) {
    if (verdict === 'right') continue;
    out(`  ${verdict.padEnd(8)} ${one.id}: ${shorten(turn.says)}\n           -> ${shorten(said)}`);
  }
  for (const by of ['category', 'language'] as const) {
    out('');
    for (const [key, group] of Map.groupBy(judged, ({ one }) => one[by])) out(lineOf(key.padEnd(18), group));
  }
  const times = judged.map(({ ms }) => ms).toSorted((a, b) => a - b);
  out(
    `\ntime per message: median ${times[Math.floor(times.length / 2)]?.toFixed(2)} ms, largest ${times.at(-1)?.toFixed(2)} ms`,
  );
  out(lineOf('score', judged));
  return scoreOf(judged).score;
}

function lineOf(name: string, judged: readonly Judged[]): string {
  const { score, counts } = scoreOf(judged);
  const { right, partly, wrong, missed, needless } = counts;
  return `${name} ${score.toFixed(2)}: ${right} right, ${partly} partly, ${wrong} wrong, ${missed} missed, ${needless} needlessly handed off, of ${judged.length}`;
}

function shorten(text: string): string {
  const line = text.replaceAll('\n', ' / ');
  return line.length > 150 ? `${line.slice(0, 70)} … ${line.slice(-70)}` : line;
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { profiles: { type: 'string' }, floor: { type: 'string' } },
});
const floor = values.floor === undefined ? undefined : Number(values.floor);
if (positionals.length > 1 || Number.isNaN(floor)) {
  process.stderr.write(`${usage}\n`);
  process.exit(2);
}
const [file] = positionals;
const profilesOf = (set: string): string =>
  values.profiles ?? join(file === undefined ? here : dirname(set), 'profiles');
const chosen =
  file === undefined
    ? sets.map((set) => ({ ...set, floor: floor ?? set.floor }))
    : [{ file, floor: floor ?? -1 }];
for (const set of chosen) {
  const score = report(basename(set.file), await evaluate(set.file, profilesOf(set.file)));
  if (score < set.floor) {
    process.stderr.write(`${basename(set.file)}: ${score.toFixed(3)} is below ${set.floor}\n`);
    process.exitCode = 1;
  }
}
