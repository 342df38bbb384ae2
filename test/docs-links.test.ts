import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';

const repository = join(import.meta.dirname, '..');
const pages = globSync(['docs/**/*.md', 'README.md', 'CONTRIBUTING.md', 'packages/observability/README.md'], {
  cwd: repository,
}).toSorted();

const read = (page: string): string => readFileSync(join(repository, page), 'utf8');
const withoutCode = (text: string): string =>
  text.replaceAll(/^ *```.*?^ *```/gms, '').replaceAll(/`[^`\n]*`/g, '');
const captured = (text: string, pattern: RegExp): string[] =>
  [...text.matchAll(pattern)].map(([, found = '']) => found);

/** The anchors that GitHub generates from headings, as in https://github.com/gjtorikian/html-pipeline (table of contents). */
const anchorsOf = (page: string): string[] =>
  captured(read(page).replaceAll(/^ *```.*?^ *```/gms, ''), /^#+ (.*)$/gm).map((heading) =>
    heading
      .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  );

/** Paths in backticks that begin with a folder of the repository, without built files. */
const pathsOf = (page: string): string[] =>
  captured(read(page), /`((?:apps|packages|deploy|docs|scripts|test)\/[^`\s]*)`/g).filter(
    (path) => !/[<>]|NNNN|\/dist\b|\/site\b/.test(path),
  );

test('there are pages to check', () => {
  expect(pages).toEqual(
    expect.arrayContaining(['README.md', 'docs/architecture.md', 'docs/adr/0002-layout.md']),
  );
});

test.each(pages)('every path that %s names exists', (page) => {
  expect(pathsOf(page).filter((path) => globSync(path, { cwd: repository }).length === 0)).toEqual([]);
});

test.each(pages)('every relative link of %s leads to an existing page and heading', (page) => {
  const links = captured(withoutCode(read(page)), /\]\(([^)\s]+)\)/g).filter(
    (link) => !/^[a-z]+:/.test(link),
  );
  const broken = links.filter((link) => {
    const [path = '', anchor] = link.split('#', 2);
    const target = path === '' ? page : join(dirname(page), path);
    if (!existsSync(join(repository, target))) return true;
    return anchor !== undefined && target.endsWith('.md') && !anchorsOf(target).includes(anchor);
  });
  expect(broken).toEqual([]);
});

test.each(pages)('the diagrams of %s contain no text that Mermaid reads as syntax', (page) => {
  const diagrams = captured(read(page), /^```mermaid\n(.*?)^```/gms);
  for (const diagram of diagrams) {
    expect(diagram).toMatch(/^(?:flowchart|sequenceDiagram|stateDiagram-v2)\b/);
    if (!diagram.startsWith('sequenceDiagram')) continue;
    // To Mermaid, a semicolon ends a statement and a hash begins an entity.
    expect(diagram).not.toMatch(/[;#]/);
    const opened = diagram.match(/^ *(?:loop|alt|opt|par)\b/gm) ?? [];
    expect(diagram.match(/^ *end$/gm) ?? []).toHaveLength(opened.length);
  }
});
