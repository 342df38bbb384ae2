import { mkdtemp, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger } from '@prosaas/runtime';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Profile } from './profile.ts';
import { type ProfileStore, startProfile } from './profile-store.ts';

const shipped = await readFile(new URL('../../profiles/default.yaml', import.meta.url), 'utf8');
const named = (name: string): string => shipped.replace(/^name: .*$/m, `name: ${name}`);
const faulty = shipped.replace(/^name: .*$/m, 'nmae: Desk').replace('timeZone: UTC', 'timeZone: Mars/Base');

interface Line {
  level: string;
  msg: string;
  problems?: string[];
}

let dir: string;
let path: string;
let lines: Line[];
let changes: Profile[];

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'profile-'));
  path = join(dir, 'mine.yaml');
  lines = [];
  changes = [];
  await writeFile(path, named('First'));
});
afterEach(() => rm(dir, { recursive: true }));

function start(file = path): Promise<ProfileStore> {
  const destination = { write: (line: string) => void lines.push(JSON.parse(line) as Line) };
  const log = createLogger({ service: 'test', instance: 'test', level: 'info', destination });
  const times = { everyMs: 10, settleMs: 10 };
  return startProfile({ path: file, log, times, onChange: (profile) => void changes.push(profile) });
}

test('returns the same object until the file changes', async () => {
  await using store = await start();
  const first = store.current();
  expect(first.name).toBe('First');
  expect(store.current()).toBe(first);
  const { loadedAt } = store.status();
  await writeFile(path, named('Second'));
  await expect.poll(() => store.current().name).toBe('Second');
  expect(changes.map(({ name }) => name)).toEqual(['Second']);
  expect(store.status().loadedAt.getTime()).toBeGreaterThanOrEqual(loadedAt.getTime());
  expect(lines).toMatchObject([{ level: 'info', msg: 'the profile was reloaded' }]);
});

test('reads a file that an editor renamed over the old one', async () => {
  await using store = await start();
  await writeFile(join(dir, 'new.yaml'), named('Replaced'));
  await rename(join(dir, 'new.yaml'), path);
  await expect.poll(() => store.current().name).toBe('Replaced');
});

test('follows a symbolic link that is pointed at another file, as Kubernetes does', async () => {
  await writeFile(join(dir, 'other.yaml'), named('Other'));
  const link = join(dir, 'link.yaml');
  await symlink(path, link);
  await using store = await start(link);
  await symlink(join(dir, 'other.yaml'), join(dir, 'next.yaml'));
  await rename(join(dir, 'next.yaml'), link);
  await expect.poll(() => store.current().name).toBe('Other');
});

test('keeps the old profile while the file has faults, and logs when they begin and when they end', async () => {
  await using store = await start();
  const first = store.current();
  await writeFile(path, faulty);
  await expect.poll(() => store.status().problems).toHaveLength(3);
  expect(store.current()).toBe(first);
  await writeFile(path, `${faulty}\n# the same faults\n`);
  await writeFile(path, named('First'));
  await expect.poll(() => store.status().problems).toEqual([]);
  // The text is the same as before the faults, so the profile is not parsed again.
  expect(store.current()).toBe(first);
  await writeFile(path, named('Mended'));
  await expect.poll(() => store.current().name).toBe('Mended');
  expect(lines.map(({ level, msg }) => [level, msg])).toEqual([
    ['error', expect.stringMatching(/^the profile has faults: the version of \S+Z stays in use$/)],
    ['info', 'the profile has no more faults'],
    ['info', 'the profile was reloaded'],
  ]);
  expect(lines[0]?.problems).toHaveLength(3);
});

test('reports a missing file as a fault until it is back', async () => {
  await using store = await start();
  await rename(path, join(dir, 'away.yaml'));
  await expect.poll(() => store.status().problems).toEqual([`${path}: cannot be read: ENOENT`]);
  expect(store.current().name).toBe('First');
  await rename(join(dir, 'away.yaml'), path);
  await expect.poll(() => store.status().problems).toEqual([]);
});

test('rejects a faulty profile at the start and lists every fault', async () => {
  await writeFile(path, faulty);
  await expect(start()).rejects.toMatchObject({ code: 'PROFILE_INVALID', problems: { length: 3 } });
});

test('adds learned entries to the current profile and to one that is read later', async () => {
  await using store = await start();
  const first = store.current();
  const learned = [{ question: 'Is there a crèche?', answer: 'Yes.', also: [] }];
  store.setLearned(learned);
  const grown = store.current();
  expect(grown.faq.at(-1)).toEqual({ question: 'Is there a crèche?', answer: 'Yes.' });
  store.setLearned(structuredClone(learned));
  expect(store.current()).toBe(grown);
  await writeFile(path, named('Second'));
  await expect.poll(() => store.current().name).toBe('Second');
  expect(store.current().faq.at(-1)?.question).toBe('Is there a crèche?');
  store.setLearned([]);
  expect(store.current().faq).toHaveLength(first.faq.length);
});

test('uses the shipped profile if there is no path', async () => {
  const store = await startProfile({
    path: undefined,
    log: createLogger({ service: 'test', instance: 'test', level: 'info' }),
  });
  expect(store.current().name).toBe('Front Desk');
  await store[Symbol.asyncDispose]();
});
