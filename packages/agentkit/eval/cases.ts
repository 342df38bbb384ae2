import { parse } from 'yaml';

/** What an answer should be; several keys must all hold. */
export interface Expectation {
  /** Regular expressions, all of which the answer's text matches. */
  fact?: string[];
  /** Regular expressions that the answer's text must not match. */
  not?: string[];
  unknown?: boolean;
  social?: boolean;
  hand_off?: boolean;
  opt_out?: boolean;
  silent?: boolean;
  /** One of these will do. */
  any?: Expectation[];
}

export interface Turn {
  says: string;
  expect: Expectation;
}

/** A conversation with one business, turn by turn. */
export interface Case {
  id: string;
  /** Name of the profile's file, without `.yaml`. */
  profile: string;
  language: string;
  category: string;
  now: string;
  turns: Turn[];
}

const keys = ['id', 'profile', 'language', 'category', 'now', 'turns'] as const;

/** @throws Error that names every case that lacks something */
export function parseCases(text: string, name: string): Case[] {
  const cases = parse(text) as Case[];
  if (!Array.isArray(cases)) throw new Error(`${name}: no list of cases`);
  const problems = cases.flatMap((one, at) => {
    const missing = keys.filter((key) => one?.[key] === undefined);
    return missing.length === 0 ? [] : [`case ${one?.id ?? at + 1} lacks ${missing.join(', ')}`];
  });
  if (problems.length > 0) throw new Error(`${name}: ${problems.join('; ')}`);
  return cases;
}
