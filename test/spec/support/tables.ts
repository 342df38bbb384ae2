import { readFileSync } from 'node:fs';

/** The rows of the first table under a heading of a page in docs, by column name. */
export function readTable(page: string, heading: string): Record<string, string>[] {
  const lines = readFileSync(new URL(`../../../docs/${page}`, import.meta.url), 'utf8').split('\n');
  const start = lines.findIndex((line) => /^#+ /.test(line) && line.replace(/^#+ /, '') === heading);
  if (start === -1) throw new Error(`${page} has no heading ${heading}`);
  const first = lines.findIndex((line, at) => at > start && line.startsWith('|'));
  const rows: string[][] = [];
  for (let at = first; lines[at]?.startsWith('|') === true; at += 1) rows.push(cellsOf(lines[at] ?? ''));
  const [names = [], , ...body] = rows;
  return body.map((cells) => Object.fromEntries(names.map((name, at) => [name, cells[at] ?? ''])));
}

function cellsOf(line: string): string[] {
  return line
    .slice(1, line.lastIndexOf('|'))
    .split('|')
    .map((cell) => cell.trim());
}

/** The texts between backticks. */
function codesOf(cell: string): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? '');
}

/** The first text between backticks in a cell. */
export function codeOf(cell: string): string {
  return codesOf(cell)[0] ?? '';
}
