// What codes of health mean and what to do about them: docs/observability.md and docs/runbook.md, which images have too.
import { readFileSync } from 'node:fs';

/** As it is written: `code` marks stay, links are their texts. */
interface Block {
  kind: 'text' | 'item' | 'code';
  text: string;
}

interface Advice {
  code: string;
  /** Null for a code that docs/observability.md does not have. */
  means: string | null;
  /** Of the runbook's entry; null where it has none. */
  title: string | null;
  what_to_do: Block[];
}

export interface Runbook {
  /** Check -> what it looks at. */
  looksAt(check: string): string | null;
  /** Of each code of a reason: `evicts_keys,clock_off`. */
  advise(check: string, reason: string): Advice[];
}

interface CodeRow {
  code: string;
  /** None: it may be any. */
  checks: string[];
  means: string;
}

interface Entry {
  title: string;
  /** Words between code marks in the title: checks and codes. */
  names: ReadonlySet<string>;
  blocks: Block[];
}

/** Beside src/ and dist/ alike. */
const docs = new URL('../../../docs/', import.meta.url);

export function readRunbook(): Runbook {
  const [health, runbook] = ['observability.md', 'runbook.md'].map((page) =>
    readFileSync(new URL(page, docs), 'utf8'),
  ) as [string, string];
  return parseRunbook(health, runbook);
}

/**
 * The entry for a check's code is the section of the runbook whose title names the code, and of checks none or one that the code is
 * of; else the first whose title names the check. Of its list, what is about another code is left out.
 */
export function parseRunbook(healthPage: string, runbookPage: string): Runbook {
  const looksAt = new Map(
    readTable(healthPage, 'The checks').map(([check = '', text = '']) => [
      namesIn(check)[0] ?? '',
      withoutLinks(text),
    ]),
  );
  const rows = readTable(healthPage, 'The codes').map(([code = '', checks = '', means = '']): CodeRow => ({
    code: namesIn(code)[0] ?? '',
    checks: namesIn(checks),
    means: withoutLinks(means),
  }));
  const checks = new Set(rows.flatMap((row) => row.checks));
  const isCode = (text: string): boolean =>
    rows.some(({ code }) => (code.endsWith('*') ? text.startsWith(code.slice(0, -1)) : text === code));
  const entries = readEntries(runbookPage);

  const rowOf = (check: string, code: string): CodeRow | undefined => {
    const own = rows.filter((row) => row.checks.length === 0 || row.checks.includes(check));
    const those = own.filter((row) => row.code === code);
    return (
      those.find((row) => row.checks.length > 0) ??
      those[0] ??
      own.find((row) => row.code.endsWith('*') && code.startsWith(row.code.slice(0, -1)))
    );
  };
  const entryOf = (check: string, code: string, row: CodeRow): Entry | undefined => {
    const naming = entries.filter(({ names }) => names.has(code));
    const of = (wanted: readonly string[]): Entry | undefined =>
      naming.find(({ names }) => wanted.some((name) => names.has(name)));
    return (
      of([check]) ??
      of(row.checks) ??
      naming.find(({ names }) => ![...names].some((name) => checks.has(name))) ??
      entries.find(({ names }) => names.has(check))
    );
  };
  const adviseOne = (check: string, code: string): Advice => {
    const row = rowOf(check, code);
    if (row === undefined) return { code, means: null, title: null, what_to_do: [] };
    if (row.code.endsWith('*')) {
      // `redis_timeout`: the trouble is Redis', and so is what to do.
      const prefix = row.code.slice(0, -1);
      return { ...adviseOne(prefix.slice(0, -1), code.slice(prefix.length)), code, means: row.means };
    }
    const entry = entryOf(check, code, row);
    const isOfAnother = ({ kind, text }: Block): boolean => {
      const lead = kind === 'item' ? /^`([a-z_]+)`/.exec(text)?.[1] : undefined;
      return lead !== undefined && lead !== code && isCode(lead);
    };
    const blocks = entry?.blocks.filter((block) => !isOfAnother(block)) ?? [];
    return { code, means: row.means, title: entry?.title ?? null, what_to_do: blocks };
  };
  return {
    looksAt: (check) => looksAt.get(check) ?? null,
    advise: (check, reason) => reason.split(',').map((code) => adviseOne(check, code)),
  };
}

/** The rows of the table under a heading, without its head. */
function readTable(page: string, heading: string): string[][] {
  const section = page.split(/^## /m).find((text) => text.startsWith(`${heading}\n`)) ?? '';
  const lines = section.split('\n').filter((line) => line.startsWith('|'));
  return lines.slice(2).map((line) =>
    line
      .slice(1, line.lastIndexOf('|'))
      .split('|')
      .map((cell) => cell.trim()),
  );
}

function readEntries(page: string): Entry[] {
  const [, ...sections] = page.split(/^## /m);
  return sections.map((section) => {
    const [title = '', ...lines] = section.split('\n');
    return {
      title,
      names: new Set(namesIn(title).flatMap(wordsOf)),
      blocks: readBlocks(lines),
    };
  });
}

function readBlocks(lines: readonly string[]): Block[] {
  const blocks: Block[] = [];
  let open: Block | undefined;
  const begin = (kind: Block['kind'], text: string): void => {
    open = { kind, text };
    blocks.push(open);
  };
  for (const line of lines) {
    if (line.startsWith('```')) {
      if (open?.kind === 'code') open = undefined;
      else begin('code', '');
    } else if (open?.kind === 'code') open.text += open.text === '' ? line : `\n${line}`;
    else if (line.trim() === '') open = undefined;
    else if (line.startsWith('- ')) begin('item', line.slice(2));
    else if (open === undefined) begin('text', line);
    else open.text += ` ${line.trim()}`;
  }
  return blocks.map(({ kind, text }) => ({ kind, text: kind === 'code' ? text : withoutLinks(text) }));
}

/** `[-]redis failed: timeout` is of the check `redis` and the code `timeout`. */
const wordsOf = (text: string): string[] =>
  text.replace(/^(\[[-+]\][a-z]+) (?:failed|ok)\b/, '$1').match(/[a-z_]+/g) ?? [];

const namesIn = (text: string): string[] => [...text.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? '');

const withoutLinks = (text: string): string => text.replaceAll(/\[([^\]]+)\]\([^)]+\)/g, '$1');
