import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { parse } from 'yaml';

/** What an answer must be. If several keys are set, all must hold. */
export interface Expectation {
  /** Regular expressions that the answer's text must match, all of them. */
  fact?: string[];
  /** Regular expressions that the answer's text must not match. */
  not?: string[];
  unknown?: boolean;
  social?: boolean;
  hand_off?: boolean;
  opt_out?: boolean;
  silent?: boolean;
  /** At least one of these must hold. */
  any?: Expectation[];
}

export interface Turn {
  says: string;
  expect: Expectation;
}

/** A conversation with one business, turn by turn. */
export interface Case {
  id: string;
  /** The name of the profile's file without `.yaml`. */
  profile: string;
  language: string;
  category: string;
  now: string;
  turns: Turn[];
}

const keys = ['id', 'profile', 'language', 'category', 'now', 'turns'] as const;

/** Lists every fault of a set. */
export class CasesError extends Error {
  constructor(name: string, problems: readonly string[], options?: ErrorOptions) {
    super(problems.map((problem) => `${name}: ${problem}`).join('\n'), options);
    this.name = 'CasesError';
  }
}

/** @throws CasesError */
export async function readCases(file: string): Promise<Case[]> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    throw new CasesError(file, [`cannot be read: ${(cause as NodeJS.ErrnoException).code}`], { cause });
  }
  return parseCases(text, basename(file));
}

/** @throws CasesError that names every fault of every case */
export function parseCases(text: string, name: string): Case[] {
  let cases: unknown;
  try {
    cases = parse(text);
  } catch (cause) {
    throw new CasesError(name, [(cause as Error).message.split('\n')[0] ?? ''], { cause });
  }
  if (!Array.isArray(cases) || cases.length === 0) throw new CasesError(name, ['no list of cases']);
  const problems = cases.flatMap((one: Partial<Case> | null, at) =>
    problemsOf(one ?? {}).map((problem) => `case ${one?.id ?? at + 1}${problem}`),
  );
  if (problems.length > 0) throw new CasesError(name, problems);
  return cases as Case[];
}

function problemsOf(one: Partial<Case>): string[] {
  const missing = keys.filter((key) => one[key] === undefined || one[key] === null);
  const problems = missing.length === 0 ? [] : [` lacks ${missing.join(', ')}`];
  if (one.now !== undefined && Number.isNaN(Date.parse(one.now)))
    problems.push(`: now: "${one.now}" is no time`);
  if (one.turns !== undefined && !Array.isArray(one.turns)) problems.push(': turns: no list');
  for (const [at, turn] of (Array.isArray(one.turns) ? one.turns : []).entries()) {
    const place = `, turn ${at + 1}`;
    if (typeof turn?.says !== 'string') problems.push(`${place} lacks says`);
    if (typeof turn?.expect !== 'object' || turn.expect === null) problems.push(`${place} lacks expect`);
    else problems.push(...patternProblems(turn.expect).map((problem) => `${place}: ${problem}`));
  }
  return problems;
}

/** A message for each invalid regular expression. */
function patternProblems({ fact = [], not = [], any = [] }: Expectation): string[] {
  const own = [fact, not].flat().flatMap((pattern) => {
    try {
      new RegExp(pattern, 'iu').test('');
      return [];
    } catch (error) {
      return [(error as Error).message];
    }
  });
  return [...own, ...any.flatMap(patternProblems)];
}
