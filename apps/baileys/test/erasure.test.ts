import { createDatabase, eraseContact, TOKEN_INDEX } from '@prosaas/database';
import { type Phone } from '@prosaas/simulators';
import { createLogger } from '@prosaas/runtime';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { AuthState } from '../src/auth-state.ts';
import { DatabaseRetrier } from '../src/database-retrier.ts';
import { type Replica, SOON, Stack } from './harness.ts';

const log = createLogger({ service: 'test', instance: 'test', level: 'silent' });

let stack: Stack;
let replica: Replica;

beforeAll(async () => {
  stack = await Stack.start();
  replica = await stack.replica();
});
afterAll(() => stack[Symbol.asyncDispose]());

async function erase(contact: string): Promise<void> {
  await using db = createDatabase({ url: stack.databaseUrl, applicationName: 'test', log });
  await db.transaction((tx) => eraseContact(tx, { contact, businessId: undefined }));
}

const tablesNaming = async ({ number, lid }: Phone): Promise<unknown[]> =>
  stack.rows(
    `select 'keys' as place from whatsapp_keys where concat(id, value) ~ $1
     union all select 'sends' from whatsapp_sends where chat_id ~ $1
     union all select 'conversations' from conversations where contact ~ $1 or alternate_contact ~ $1`,
    [`${number}|${lid.split('@')[0]}`],
  );

test('an erased contact can write and get messages again, also after a restart', async () => {
  const account = await stack.pair(replica, 'shop');
  const phone = stack.whatsapp.addPhone();
  const talk = async (text: string): Promise<void> => {
    await phone.sendText(account, `${text}?`);
    await expect
      .poll(() => stack.rows('select 1 from messages where text = $1', [`${text}?`]), SOON)
      .toHaveLength(1);
    const { status } = await replica.send({ session: 'shop', chatId: phone.number, text: `${text}!` });
    expect(status).toBe(200);
    await expect.poll(() => phone.received.map((received) => received.text), SOON).toContain(`${text}!`);
  };
  await talk('first');
  expect(await tablesNaming(phone)).not.toEqual([]);
  await erase(`+${phone.number}`);
  expect(await tablesNaming(phone)).toEqual([]);
  await talk('second');

  await erase(phone.lid);
  await replica[Symbol.asyncDispose]();
  expect(await tablesNaming(phone)).toEqual([]);
  replica = await stack.replica();
  await replica.until('shop', 'WORKING');
  await talk('third');
});

test('the token index does not restore an erased contact', async () => {
  await using db = createDatabase({ url: stack.databaseUrl, applicationName: 'test', log });
  await db.query(
    `insert into whatsapp_sessions (id, business_id, wanted) values ('idle', 'default', 'stopped')`,
  );
  const { signal } = new AbortController();
  const auth = await AuthState.open({
    db,
    sessionId: 'idle',
    fence: 1n,
    paired: false,
    signal,
    log,
    onFatal: (error) => {
      throw error;
    },
  });
  const keys = auth.keysFor(new DatabaseRetrier({ signal }));
  const { type, id } = TOKEN_INDEX;
  const listed = ['49301234567@s.whatsapp.net', '49309999999@s.whatsapp.net'];
  await keys.set({ [type]: { [id]: { token: Buffer.from(JSON.stringify(listed)) } } });
  await erase('+49301234567');
  const { [id]: found } = await keys.get(type, [id]);
  expect(JSON.parse(Buffer.from(found!.token).toString())).toEqual(['49309999999@s.whatsapp.net']);
});
