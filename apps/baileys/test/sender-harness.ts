import { type Database, createDatabase, createSession, migrate } from '@prosaas/database';
import { testDatabase } from '@prosaas/devstack';
import { createLogger } from '@prosaas/runtime';
import { afterAll, beforeAll, beforeEach } from 'vitest';
import { PendingAcks } from '../src/pending-acks.ts';
import { Sender, type SendingSession } from '../src/sender.ts';

const log = createLogger({ service: 'test', instance: 'test', level: 'silent' });

export interface SenderHarness {
  readonly db: Database;
  /** New for each test, like the counts. */
  readonly sender: Sender;
  readonly counts: { sent: number; errors: number };
  newSender(ackTimeoutMs?: number): Sender;
  session(answer: (id: string, jid: string) => void | Promise<void>): Promise<FakeSession>;
}

/** A session that records what is sent. */
type FakeSession = { -readonly [name in keyof SendingSession]: SendingSession[name] } & {
  /** Ids. */
  written: string[];
  addresses: string[];
};

/** Sets up a sender with a database of its own, and fake sessions whose server answers by `answer`. */
export function useSenderHarness(): SenderHarness {
  let db: Database;
  let sender: Sender;
  let counts: SenderHarness['counts'];
  let sessions = 0;

  beforeAll(async () => {
    const url = await testDatabase();
    await migrate({ url, log });
    db = createDatabase({ url, applicationName: 'test', log });
  });
  afterAll(() => db[Symbol.asyncDispose]());
  beforeEach(() => {
    counts = { sent: 0, errors: 0 };
    sender = newSender();
  });

  const newSender = (ackTimeoutMs = 5000): Sender =>
    new Sender({
      db,
      log,
      signal: new AbortController().signal,
      ackTimeoutMs,
      onSent: () => (counts.sent += 1),
      onError: () => (counts.errors += 1),
    });

  return {
    get db() {
      return db;
    },
    get sender() {
      return sender;
    },
    get counts() {
      return counts;
    },
    newSender,
    async session(answer) {
      sessions += 1;
      const id = `s${sessions}`;
      await createSession(db, { id, businessId: 'default', wanted: 'stopped' });
      const written: string[] = [];
      const addresses: string[] = [];
      const write = async (jid: string, _text: string, messageId: string): Promise<void> => {
        written.push(messageId);
        addresses.push(jid);
        await answer(messageId, jid);
      };
      return {
        id,
        businessId: 'default',
        acks: new PendingAcks(),
        account: '15550000000',
        restriction: undefined,
        askRestriction: () => Promise.resolve(true),
        otherAddress: () => Promise.resolve('123@lid'),
        written,
        addresses,
        write,
      };
    },
  };
}
