import { expect, test } from 'vitest';
import { exportContact } from './contact-data.ts';
import { eraseContact } from './contact-erasure.ts';
import { streamContactExport } from './contact-export.ts';
import { openConversation } from '../conversations/conversation-repository.ts';
import { addNotice } from '../conversations/notice-repository.ts';
import { recordPersonMessage } from '../conversations/person-message-repository.ts';
import { findOrInsertSend } from '../whatsapp/send-repository.ts';
import { columnKinds } from './column-kinds.ts';
import { onDatabase } from '../test-support.ts';
import {
  type Person,
  type Row,
  addressesOf,
  caller,
  dana,
  gateway,
  rowsOf,
  strangers,
  uniqueNumber,
  whatsapp,
} from './test-contacts.ts';

const on = onDatabase();

interface SchemaColumn {
  table: string;
  name: string;
  type: string;
}

const readColumns = (): Promise<SchemaColumn[]> =>
  on.db.query(
    `select table_name::text as table, column_name::text as name, data_type::text as type
     from information_schema.columns where table_schema = 'public' order by 1, 2`,
  );

const declared = Object.entries(columnKinds).flatMap(([table, kinds]) =>
  Object.values(kinds).flatMap((names) => names.map((name) => `${table}.${name}`)),
);

test('every column is declared once: exported, erased or other', async () => {
  const inSchema = (await readColumns()).map(({ table, name }) => `${table}.${name}`);
  expect(declared.toSorted()).toEqual(inSchema.toSorted());
});

function valueOf({ type }: SchemaColumn): unknown {
  const mark = uniqueNumber();
  const text = `mark-${mark}`;
  if (type === 'text') return text;
  if (type === 'integer') return 1_000_000 + mark;
  if (type === 'timestamp with time zone') return new Date(1_600_000_000_000 + mark * 1001);
  if (type === 'bytea') return Buffer.from(JSON.stringify({ text }));
  if (type === 'jsonb') return JSON.stringify([{ text }]);
  throw new Error(`the test has no value for a column of type ${type}`);
}

const tokens = (...addresses: string[]): string =>
  JSON.stringify({
    token: { type: 'Buffer', data: Buffer.from(JSON.stringify(addresses)).toString('base64') },
  });

const insertDana = (): Promise<unknown> =>
  on.db.query(
    `insert into people (id, business_id, name, role, phone_number) values ($1, 'default', 'Dana', 'staff', '15550100')
     on conflict do nothing`,
    [dana],
  );

/** Inserts a contact's rows, with a value in every exported and erased column. Parent tables first. */
async function insertAll(person: Person): Promise<void> {
  const columns = await readColumns();
  const rows = rowsOf(person);
  const isPersonal = ({ exported = [], erased = [] }: (typeof columnKinds)[string]): boolean =>
    exported.length + erased.length > 0;
  const tables = Object.keys(columnKinds).filter((table) => isPersonal(columnKinds[table]!));
  expect(Object.keys(rows).toSorted()).toEqual(tables.toSorted());
  for (const [table, given] of Object.entries(rows)) {
    const { exported = [], erased = [] } = columnKinds[table]!;
    const personal = columns.filter(
      ({ table: of, name }) => of === table && [...exported, ...erased].includes(name),
    );
    for (const some of given) {
      const row: Row = {
        ...Object.fromEntries(personal.map((column) => [column.name, valueOf(column)])),
        ...some,
      };
      const names = Object.keys(row);
      await on.db.query(
        `insert into ${table} (${names.join(', ')}) values (${names.map((_, at) => `$${at + 1}`).join(', ')})`,
        Object.values(row),
      );
    }
  }
}

/** Rows of every table as text, each table sorted. */
async function dump(): Promise<Record<string, string[]>> {
  const tables = new Set((await readColumns()).map(({ table }) => table));
  const dumped: Record<string, string[]> = {};
  for (const table of tables) {
    const rows = await on.db.query<{ row: string }>(
      `select to_jsonb(${table})::text as row from ${table} order by 1`,
    );
    dumped[table] = rows.map(({ row }) => row);
  }
  return dumped;
}

/** Converts times to one form, so that values of the export and of `to_jsonb` can be compared. */
const plain = (value: unknown): unknown =>
  typeof value === 'string' && /^\d{4}-\d\d-\d\dT/.test(value) ? Date.parse(value) : value;

function objectsIn(value: unknown): Row[] {
  if (typeof value !== 'object' || value === null) return [];
  return [...(Array.isArray(value) ? [] : [value as Row]), ...Object.values(value).flatMap(objectsIn)];
}

/** SQL for columns that the export encodes differently. */
const written: Record<string, string> = {
  'unstored_messages.raw': `convert_from(raw, 'UTF8')`,
  'recordings.audio': `replace(encode(audio, 'base64'), E'\\n', '')`,
};

async function exportedBy(contact: string): Promise<Row> {
  const query = { contact, businessId: undefined };
  let text = '';
  for await (const piece of streamContactExport(on.db, query, await exportContact(on.db, query)))
    text += piece;
  return JSON.parse(text) as Row;
}

test.each([
  ['a phone number', '+49 30 1234567', whatsapp],
  ['a WhatsApp address', '49301234567@s.whatsapp.net', whatsapp],
  ['a LID', '77000000001@lid', whatsapp],
  ['a number that called over a gateway', '+49301234567', gateway],
  ['a SIP address', 'SIP:Alice@Example.com;transport=tcp', caller],
])(
  '%s: everything is in the export and nothing is left after the erasure',
  async (_kind, contact, person) => {
    const { db } = on;
    await db.query(
      'truncate unstored_messages, whatsapp_sends, whatsapp_keys, calls, outbox, audit_log cascade',
    );
    await db.query(
      `insert into whatsapp_keys (session_id, type, id, value) values ('shop', 'tctoken', '__index', $1), ('shop', 'pre-key', '77', '{}')`,
      [tokens(strangers[0]!.address)],
    );
    await insertDana();
    for (const stranger of strangers) await insertAll(stranger);
    const before = await dump();
    await insertAll(person);
    await db.query(`update whatsapp_keys set value = $1 where id = '__index'`, [
      tokens(...addressesOf(person), strangers[0]!.address),
    ]);

    const there = await dump();
    const objects = objectsIn(await exportedBy(contact));
    for (const [table, { exported = [] }] of Object.entries(columnKinds)) {
      if (exported.length === 0) continue;
      const selected = exported.map((name) => `${written[`${table}.${name}`] ?? name} as "${name}"`);
      const rows = await db.query<{ row: string; shown: Row }>(
        `select to_jsonb(${table})::text as row, (select to_jsonb(shown) from (select ${selected.join(', ')}) shown) as shown
       from ${table}`,
      );
      const isIn = (shown: Row): boolean =>
        objects.some((one) =>
          exported.every((name) => JSON.stringify(plain(one[name])) === JSON.stringify(plain(shown[name]))),
        );
      for (const { row, shown } of rows)
        expect([table, row, isIn(shown)]).toEqual([table, row, !before[table]!.includes(row)]);
    }

    const erased = await db.transaction((tx) => eraseContact(tx, { contact, businessId: undefined }));
    const added = (table: string): number => there[table]!.length - before[table]!.length;
    expect(erased).toEqual({
      conversations: added('conversations'),
      messages: added('messages'),
      unstored_messages: added('unstored_messages'),
      sends: added('whatsapp_sends'),
      jobs: added('jobs'),
      calls: added('calls'),
      recordings: added('recordings'),
    });
    const after = await dump();
    const { audit_log: uses = [], ...rest } = after;
    const { audit_log: usesBefore = [], ...restBefore } = before;
    expect({ ...rest, job_counts: [] }).toEqual({ ...restBefore, job_counts: [] });
    const changed = uses.filter((use) => !usesBefore.includes(use));
    expect(changed.map((use) => JSON.parse(use) as Row)).toMatchObject([{ target: 'x/[erased]/y' }]);
    expect(uses).toHaveLength(usesBefore.length + 1);
  },
);

test('an erasure in one business changes neither other businesses nor the audit log', async () => {
  const { db } = on;
  await db.query(
    'truncate unstored_messages, whatsapp_sends, whatsapp_keys, calls, outbox, audit_log cascade',
  );
  await insertDana();
  await insertAll(whatsapp);
  const before = await dump();
  await db.query(`insert into businesses (id, name) values ('other', 'Other')`);
  const query = { contact: whatsapp.caller, businessId: 'other' };
  expect(await exportContact(db, query)).toEqual({
    names: [],
    conversations: [],
    unstored_messages: [],
    sends: [],
    jobs: [],
    audit_log: [],
    calls: [],
  });
  await db.transaction((tx) => eraseContact(tx, query));
  await db.query(`delete from businesses where id = 'other'`);
  expect(await dump()).toEqual(before);
});

test('notices about a contact to people of the business are erased with the contact, including their sends', async () => {
  const { db } = on;
  const ofBusiness = { sessionId: 'shop', businessId: 'default' };
  await insertDana();
  await db.query('truncate whatsapp_sends');
  const made = await db.transaction(async (tx) => {
    const customer = await openConversation(tx, { ...ofBusiness, contact: whatsapp.address });
    const staffChat = await openConversation(tx, { ...ofBusiness, contact: '15550100@s.whatsapp.net' });
    const write = (id: string): ReturnType<typeof recordPersonMessage> =>
      recordPersonMessage(tx, {
        id,
        conversationId: staffChat.id,
        businessId: 'default',
        text: id,
        author: 'notice',
      });
    const noticeMessage = (await write(crypto.randomUUID())).message;
    const other = (await write(crypto.randomUUID())).message;
    const notice = { personId: dana, channel: 'whatsapp', kind: 'waiting' } as const;
    await addNotice(tx, { ...notice, conversationId: customer.id, messageId: noticeMessage.id });
    for (const { id: key } of [noticeMessage, other]) {
      const send = {
        sessionId: 'shop',
        key,
        chatId: staffChat.contact,
        bodyHash: key,
        messageId: key,
        text: key,
      };
      await findOrInsertSend(tx, send);
    }
    return { customerId: customer.id, noticeMessageId: noticeMessage.id };
  });
  const query = { contact: whatsapp.address, businessId: undefined };
  expect((await exportContact(db, query)).conversations).toMatchObject([
    { id: made.customerId, notices: [{ channel: 'whatsapp', kind: 'waiting' }] },
  ]);
  await db.transaction((tx) => eraseContact(tx, query));
  const left = JSON.stringify(await dump());
  expect(left).not.toContain(made.noticeMessageId);
  expect(await db.query('select 1 from messages')).toHaveLength(1);
  expect(await db.query('select 1 from whatsapp_sends')).toHaveLength(1);
});
