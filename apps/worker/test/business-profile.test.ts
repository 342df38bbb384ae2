import { mkdtempDisposable, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { setStage } from './stage.ts';

/** The file is looked at every 2 s, and the schedule runs every 5 s. */
const slow = { timeout: 20_000 };
const profiles = new URL('../../../packages/agentkit/profiles/', import.meta.url);

test("a business is shown in its profile's time zone, and people keep a chat for as long as it says, also after a change", async () => {
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
