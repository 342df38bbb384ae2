import { poll, startRedis } from '@prosaas/devstack';
import { scriptedRedis } from '../spec/support/start-script.ts';
import type { Fault } from './fault.ts';
import { type FrontDesk, openFrontDesk } from './front-desk.ts';

const outbound = 'outbound-messages';
/** The options with which an older `deploy/redis/start.sh` set its users. */
const olderUsers =
  '--user default on nopass resetkeys ~worker:heartbeat* resetchannels -@all +ping +get --user prosaas on nopass ~* &* +@all';

/**
 * An older start.sh lost every transaction when Redis restarted, and the services continued. The current one recovers what the AOF still
 * contains, and no message is sent twice because of that.
 */
export const damagedAof: Fault = {
  name: 'redis-damaged-aof',
  async run(say) {
    const broken: string[] = [];
    await using redis = await scriptedRedis();
    const older = await startRedis({ dir: redis.dataDir, args: olderUsers.split(' ') });
    await using desk = await openFrontDesk(`redis://prosaas:any@127.0.0.1:${older.port}/0`);
    await writeAndHear(desk, 20, 20);
    await desk.order(outbound, 'pause');
    await writeAndWait(desk, 3, 3);
    await desk.order(outbound, 'drain');
    await poll(async () => (await desk.queues()).dead_letter_depth === 3, { what: 'three dead jobs' });
    await writeAndWait(desk, 2, 2);

    await older.stop();
    await older.start();
    await poll(async () => (await desk.queues()).items.every(({ paused }) => !paused), { what: 'the loss' });
    await writeAndHear(desk, 10, 30);
    await desk.stop();
    await older.stop();
    say(`  ${older.output().split('CRITICAL').length - 1} CRITICAL lines, and 10 messages after the loss`);

    await redis.start();
    await desk.start(await redis.url());
    const { items, dead_letter_depth: dead } = await poll(() => desk.queues(), { what: 'the queues' });
    if (dead !== 3) broken.push(`${dead} of 3 jobs are in the dead letter`);
    if (!items.some(({ name, paused }) => name === outbound && paused))
      broken.push('the pause did not come back');
    await desk.order(outbound, 'resume');
    // Three messages are in the dead letter and get no answer.
    await writeAndHear(desk, 10, desk.asked() + 10 - 3);
    const counted = async (): Promise<number> =>
      (await desk.metrics()).counters['whatsapp_inbound_messages'] ?? 0;
    await poll(async () => (await counted()) === desk.asked(), { timeoutMs: 15_000 }).catch(() => undefined);
    if ((await counted()) !== desk.asked())
      broken.push(`${await counted()} of ${desk.asked()} messages are counted`);
    if (desk.heard() !== desk.asked() - 3)
      broken.push(`${desk.heard()} answers to ${desk.asked() - 3} messages`);
    return broken;
  },
};

async function write(desk: FrontDesk, count: number): Promise<void> {
  for (let message = 0; message < count; message += 1) await desk.write();
}

const pollOptions = { timeoutMs: 180_000, everyMs: 500 };

/** Writes messages and waits until they are answered and the queues are empty. */
async function writeAndHear(desk: FrontDesk, count: number, heard: number): Promise<void> {
  await write(desk, count);
  await poll(
    async () => {
      const { items } = await desk.queues();
      const isIdle = items.every(
        ({ waiting, active, delayed, pending }) => waiting + active + delayed + pending === 0,
      );
      return isIdle && desk.heard() >= heard;
    },
    { ...pollOptions, what: `${heard} answers` },
  );
}

/** Writes messages whose answers wait in the paused queue. */
async function writeAndWait(desk: FrontDesk, count: number, waiting: number): Promise<void> {
  await write(desk, count);
  const isHeld = async (): Promise<boolean> => {
    const { items } = await desk.queues();
    return items.some(
      ({ name, waiting: released, pending }) => name === outbound && released + pending === waiting,
    );
  };
  await poll(isHeld, { ...pollOptions, what: `${waiting} answers that wait` });
}
