// Explains health codes from docs/observability.md and docs/runbook.md, which the images contain.
import { readFileSync } from 'node:fs';

/** A block of Markdown: backticks stay, links become their texts. */
interface Block {
  kind: 'text' | 'item' | 'code';
  text: string;
}

interface Advice {
  code: string;
  /** Null for a code that docs/observability.md does not list. */
  means: string | null;
  /** Title of the runbook's entry; null if there is none. */
  title: string | null;
  what_to_do: Block[];
}

export interface Runbook {
  /** Check -> what it looks at. */
  looksAt(check: string): string | null;
  /** Advice for each code of a reason: `evicts_keys,clock_off`. */
  advise(check: string, reason: string): Advice[];
}

interface CodeRow {
  code: string;
  /** Empty: any check. */
  checks: string[];
  means: string;
}

interface Entry {
  title: string;
  /** Checks and codes in backticks in the title. */
  names: ReadonlySet<string>;
  blocks: Block[];
}

/** The same relative to src/ and dist/. */
const docs = new URL('../../../docs/', import.meta.url);

export function readRunbook(): Runbook {
  const [health, runbook] = ['observability.md', 'runbook.md'].map((page) =>
    readFileSync(new URL(page, docs), 'utf8'),
  ) as [string, string];
  return parseRunbook(health, runbook);
}

/**
 * Finds the runbook's section for a check's code. Its title names the code and, in this order of preference: the check, another check
 * that has the code, no check. Otherwise it is the first section whose title names the check. List items that begin with another code
 * are left out.
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

  const findRow = (check: string, code: string): CodeRow | undefined => {
    const ofCheck = rows.filter((row) => row.checks.length === 0 || row.checks.includes(check));
    const exact = ofCheck.filter((row) => row.code === code);
    return (
      exact.find((row) => row.checks.length > 0) ??
      exact[0] ??
      ofCheck.find((row) => row.code.endsWith('*') && code.startsWith(row.code.slice(0, -1)))
    );
  };
  const findEntry = (check: string, code: string, row: CodeRow): Entry | undefined => {
    const withCode = entries.filter(({ names }) => names.has(code));
    const ofChecks = (wanted: readonly string[]): Entry | undefined =>
      withCode.find(({ names }) => wanted.some((name) => names.has(name)));
    return (
      ofChecks([check]) ??
      ofChecks(row.checks) ??
      withCode.find(({ names }) => ![...names].some((name) => checks.has(name))) ??
      entries.find(({ names }) => names.has(check))
    );
  };
  const adviseOne = (check: string, code: string): Advice => {
    const row = findRow(check, code);
    if (row === undefined) return { code, means: null, title: null, what_to_do: [] };
    if (row.code.endsWith('*')) {
      // `redis_timeout` is the code `timeout` of the check `redis`: its advice applies.
      const prefix = row.code.slice(0, -1);
      return { ...adviseOne(prefix.slice(0, -1), code.slice(prefix.length)), code, means: row.means };
    }
    const entry = findEntry(check, code, row);
    const isAboutOtherCode = ({ kind, text }: Block): boolean => {
      const leadingCode = kind === 'item' ? /^`([a-z_]+)`/.exec(text)?.[1] : undefined;
      return leadingCode !== undefined && leadingCode !== code && isCode(leadingCode);
    };
    const blocks = entry?.blocks.filter((block) => !isAboutOtherCode(block)) ?? [];
    return { code, means: row.means, title: entry?.title ?? null, what_to_do: blocks };
  };
  return {
    looksAt: (check) => looksAt.get(check) ?? null,
    advise: (check, reason) => reason.split(',').map((code) => adviseOne(check, code)),
  };
}

/** Rows of the table under a heading, without the header. */
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
      names: new Set(namesIn(title).flatMap(termsIn)),
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

/** `[-]redis failed: timeout` contains the check `redis` and the code `timeout`. */
const termsIn = (text: string): string[] =>
  text.replace(/^(\[[-+]\][a-z]+) (?:failed|ok)\b/, '$1').match(/[a-z_]+/g) ?? [];

const namesIn = (text: string): string[] => [...text.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? '');

const withoutLinks = (text: string): string => text.replaceAll(/\[([^\]]+)\]\([^)]+\)/g, '$1');
