import { mkdtempDisposable, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { poll } from '@prosaas/devstack';
import { expect, test } from 'vitest';
import { setStage } from './stage.ts';

const profiles = new URL('../../../packages/agentkit/profiles/', import.meta.url);

test("a business is shown in its profile's time zone, and people keep a chat for as long as it says", async () => {
  await using stage = await setStage();
  await using folder = await mkdtempDisposable(join(tmpdir(), 'profile-'));
  const profile = await readFile(new URL('default.yaml', profiles), 'utf8');
  const path = join(folder.path, 'profile.yaml');
  await writeFile(path, profile.replace('timeZone: UTC', 'timeZone: Asia/Tokyo'));
  await stage.worker({}, { PROFILE_PATH: path });
  const business = await poll(
    async () => {
      const [row] = await stage.db.query<{ time_zone: string; person_minutes: number }>(
        "select time_zone, person_minutes from businesses where id = 'default'",
      );
      return row?.time_zone === 'Asia/Tokyo' && row;
    },
    { what: 'the zone' },
  );
  expect(business?.person_minutes).toBe(120);
});
