import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repository } from './npm-start.ts';

export interface Command {
  page: string;
  /** The command without comments, in one line. */
  text: string;
  /** Assignments in the same block, such as `K="..."`. */
  assignments: string[];
}

/** docs/alerting.md is first, because it expects a system without warnings, which later commands cause. */
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
