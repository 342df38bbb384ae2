import { mkdtempDisposable, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { listReplicas } from '@prosaas/observability';
import { keyspace } from '@prosaas/runtime';
import { beforeAll, expect, test } from 'vitest';
import { prepareForks, setStage } from './stage.ts';

/** The file is checked every 2 s, and the schedule runs every 5 s. */
const slow = { timeout: 20_000 };
const profiles = new URL('../../../packages/agentkit/profiles/', import.meta.url);

beforeAll(prepareForks);

test("stores the profile's time zone and person minutes for the business, also after the file changes", async () => {
  await using stage = await setStage();
  await using folder = await mkdtempDisposable(join(tmpdir(), 'profile-'));
  const profile = await readFile(new URL('default.yaml', profiles), 'utf8');
  const path = join(folder.path, 'profile.yaml');
  await writeFile(path, profile.replace('timeZone: UTC', 'timeZone: Asia/Tokyo'));
  await stage.worker({}, { PROFILE_PATH: path });
  const business = (): Promise<unknown> =>
    stage.db
      .query("select time_zone, person_minutes from businesses where id = 'default'")
      .then(([row]) => row);
  await expect.poll(business, slow).toEqual({ time_zone: 'Asia/Tokyo', person_minutes: 120 });

  await writeFile(
    path,
    profile.replace('timeZone: UTC', 'timeZone: Europe/Berlin').replace('minutes: 120', 'minutes: 30'),
  );
  await expect.poll(business, slow).toEqual({ time_zone: 'Europe/Berlin', person_minutes: 30 });
});

test('answers from the current profile file; an invalid file is reported and changes nothing', async () => {
  await using stage = await setStage();
  await using folder = await mkdtempDisposable(join(tmpdir(), 'profile-'));
  const profile = await readFile(new URL('default.yaml', profiles), 'utf8');
  const path = join(folder.path, 'profile.yaml');
  await writeFile(path, profile);
  await stage.worker({}, { PROFILE_PATH: path });
  const keyPrefix = keyspace(stage.env['REDIS_NAMESPACE'] ?? 'prosaas').key('replicas');
  const faults = async (): Promise<unknown> =>
    (await listReplicas({ redis: stage.redis, keyPrefix })).map(({ report }) => report['profile_problems']);
  let asked = 0;
  const answer = async (): Promise<string | undefined> => {
    asked += 1;
    const contact = `1555019${String(asked).padStart(2, '0')}@s.whatsapp.net`;
    await stage.receive(contact, 'Where are you located?');
    const heard = (): string | undefined => stage.baileys.sent.find(({ chatId }) => chatId === contact)?.text;
    await expect.poll(heard, slow).toBeDefined();
    return heard();
  };
  expect(await answer()).toContain('12 Market Street');

  const moved = profile.replace('12 Market Street', '9 Station Road');
  await writeFile(path, moved);
  await expect.poll(answer, slow).toContain('9 Station Road');

  await writeFile(
    path,
    moved.replace('timeZone: UTC', 'timeZone: Mars/Base').replace('9 Station', '7 Church'),
  );
  await expect
    .poll(faults, slow)
    .toEqual([[expect.stringMatching(/profile\.yaml:\d+:\d+: timeZone: "Mars/)]]);
  expect(await answer()).toContain('9 Station Road');

  await writeFile(path, moved);
  await expect.poll(faults, slow).toEqual([undefined]);
});

test('a worker that cannot store the profile at its start takes jobs once it can', async () => {
  await using stage = await setStage();
  await stage.db.query(`create function refuse() returns trigger language plpgsql as
    $$ begin raise exception 'terminating connection' using errcode = '57P01'; end $$`);
  await stage.db.query(
    'create trigger refuse before insert or update on businesses execute function refuse()',
  );
  await stage.receive('1@s.whatsapp.net', 'Do you take cash?');
  const worker = stage.fork({ LOG_LEVEL: 'WARNING' });
  const printed: string[] = [];
  worker.stdout?.on('data', (text: string) => printed.push(text));
  await expect.poll(() => printed.join(''), slow).toContain('terminating connection');
  await stage.db.query('drop trigger refuse on businesses');
  await expect.poll(() => stage.baileys.sent.length, slow).toBe(1);
  expect(worker.exitCode).toBe(null);
});
