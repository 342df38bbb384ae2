import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repository } from './npm-start.ts';

export interface Command {
  page: string;
  /** Without comments; the lines of one command are joined. */
  text: string;
  /** Lines such as `K=...` that stand before it in its block. */
  assignments: string[];
}

/** Alerting comes first: it expects a system without warnings, and later commands cause some. */
export const docPages: string[] = [
  'docs/alerting.md',
  'README.md',
  'CONTRIBUTING.md',
  ...globSync('docs/**/*.md', { cwd: repository })
    .filter((page) => page !== 'docs/alerting.md')
    .toSorted(),
];

/** The commands in the shell blocks of the pages, each once. */
export function readCommands(pages: readonly string[]): Command[] {
  const commands = new Map<string, Command>();
  for (const page of pages) {
    const text = readFileSync(join(repository, page), 'utf8');
    for (const [, block = ''] of text.matchAll(/^ *```(?:sh|bash|shell|console)\n(.*?)^ *```/gms))
      for (const command of commandsOf(page, block))
        if (!commands.has(command.text)) commands.set(command.text, command);
  }
  return [...commands.values()];
}

function commandsOf(page: string, block: string): Command[] {
  const lines = block
    .replaceAll(/ *\\\n */g, ' ')
    .split('\n')
    .map((line) => line.replace(/(?:^|\s+)#\s.*$/, '').trim())
    .filter((line) => line !== '');
  const isAssignment = (line: string): boolean => /^[A-Z]+="[^"]*(?:\$\([^)]*\))?[^"]*"$/.test(line);
  const assignments = lines.filter(isAssignment);
  return lines.filter((line) => !isAssignment(line)).map((text) => ({ page, text, assignments }));
}
