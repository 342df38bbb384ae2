import { expect, test } from 'vitest';
import { exportContact } from './contact-data.ts';
import { eraseContact } from './contact-erasure.ts';
import { streamContactExport } from './contact-export.ts';
import { openConversation } from '../conversations/conversation-repository.ts';
import { addNotice } from '../conversations/notice-repository.ts';
import { recordPersonMessage } from '../conversations/person-message-repository.ts';
import { claimSend } from '../whatsapp/send-repository.ts';
import { columnKinds } from './column-kinds.ts';
import { onDatabase } from '../test-support.ts';

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

/** A WhatsApp contact or a caller, as the records spell it. */
interface Person {
  address: string;
  alternate: string | null;
  caller: string;
  /** Spelling in texts and payloads. */
  mentioned: string;
  /** User parts in the ids of its Signal keys. */
  users: string[];
}

const whatsapp: Person = {
  address: '49301234567@s.whatsapp.net',
  alternate: '77000000001@lid',
  caller: '+49301234567',
  mentioned: '49301234567@c.us',
  users: ['49301234567', '77000000001'],
};
const gateway: Person = { ...whatsapp, caller: 'sip:+49301234567@trunk.example.com;user=phone' };
const caller: Person = {
  address: 'sip:alice@example.com',
  alternate: null,
  caller: '"Alice" <sip:alice@example.com:5080>',
  mentioned: 'alice@example.com',
  users: [],
};
/** Contacts whose names contain the names of the others. */
const strangers: Person[] = [
  {
    address: '493012345670@s.whatsapp.net',
    alternate: '177000000001@lid',
    caller: '+493012345670',
    mentioned: '493012345670@c.us',
    users: ['493012345670', '177000000001'],
  },
  {
    address: 'sip:malice@example.com',
    alternate: null,
    caller: 'sip:alice@example.com.au',
    mentioned: 'malice@example.com',
    users: [],
  },
];

type Row = Record<string, unknown>;

let mark = 0;
const unique = (): string => `mark-${(mark += 1)}`;

function valueOf({ type }: SchemaColumn): unknown {
  const text = unique();
  if (type === 'text') return text;
  if (type === 'integer') return 1_000_000 + mark;
  if (type === 'timestamp with time zone') return new Date(1_600_000_000_000 + mark * 1001);
  if (type === 'bytea') return Buffer.from(JSON.stringify({ text }));
  if (type === 'jsonb') return JSON.stringify([{ text }]);
  throw new Error(`the test has no value for a column of type ${type}`);
}

const addressesOf = ({ users }: Person): string[] =>
  users.map((user, place) => `${user}@${place === 0 ? 's.whatsapp.net' : 'lid'}`);

const tokens = (...addresses: string[]): string =>
  JSON.stringify({
    token: { type: 'Buffer', data: Buffer.from(JSON.stringify(addresses)).toString('base64') },
  });

/** Values of columns that link rows or that accept only certain values. A table may have several rows. */
function rowsOf(person: Person): Record<string, Row[]> {
  const [conversation, message, call] = [1, 2, 3].map(() => crypto.randomUUID()) as [string, string, string];
  const inSession = { session_id: 'shop' };
  const inBusiness = { business_id: 'default' };
  const payload = JSON.stringify({ to: { chatId: person.mentioned, text: unique() } });
  return {
    conversations: [
      {
        id: conversation,
        ...inBusiness,
        ...inSession,
        channel: 'whatsapp',
        contact: person.address,
        alternate_contact: person.alternate,
        state: 'waiting',
      },
    ],
    messages: [
      {
        id: message,
        ...inBusiness,
        ...inSession,
        conversation_id: conversation,
        direction: 'inbound',
        status: 'received',
        author: 'customer',
      },
    ],
    conversation_events: [
      { ...inBusiness, conversation_id: conversation, message_id: message, actor: 'customer' },
    ],
    notices: [{ ...inBusiness, conversation_id: conversation, person_id: dana, kind: 'waiting' }],
    unanswered_questions: [{ ...inBusiness, message_id: message, group_id: unique() }],
    unstored_messages: ['quarantined', 'pending'].map((status) => ({
      ...inBusiness,
      ...inSession,
      external_id: unique(),
      contact: person.alternate ?? person.address,
      alternate_contact: null,
      status,
    })),
    whatsapp_sends: ['pending', 'sent'].map((status) => ({
      ...inSession,
      chat_id: person.alternate ?? person.address,
      message_id: unique(),
      status,
    })),
    whatsapp_keys: keysOf(person),
    calls: [
      { id: call, ...inBusiness, from_number: person.caller, to_number: '+15550100', outcome: 'completed' },
    ],
    recording_parts: [{ recording_id: crypto.randomUUID(), part: 0, call_id: call }],
    recordings: [{ id: crypto.randomUUID(), ...inBusiness, call_id: call, media_type: 'audio/wav' }],
    jobs: [
      { order_key: `in:${conversation}`, ...inBusiness, message_id: message },
      { order_key: unique(), ...inBusiness, payload },
      { order_key: unique(), ...inBusiness, payload: JSON.stringify({ conversationId: conversation }) },
      { order_key: unique(), ...inBusiness, failures: JSON.stringify([{ error: `no ${person.mentioned}` }]) },
    ].map((row) => ({ failed_at: new Date(), ...row })),
    outbox: [
      { queue: 'inbound-messages', key: unique(), payload: JSON.stringify({ conversationId: conversation }) },
      { queue: 'inbound-messages', key: unique(), payload },
    ],
    audit_log: [{ role: 'admin', action: 'GET /x', target: `x/${person.mentioned}/y` }],
  };
}

const keysOf = (person: Person): Row[] =>
  person.users.flatMap((user, place) => {
    const row = (type: string, id: string, value: unknown): Row => ({
      session_id: 'shop',
      type,
      id,
      value: JSON.stringify(value),
    });
    const domain = place === 0 ? '' : '_1';
    return [
      row('session', `${user}${domain}.0`, {}),
      row('identity-key', `${user}${domain}.12`, {}),
      row('device-list', user, ['0', '12']),
      row('tctoken', addressesOf(person)[place]!, {}),
      row('sender-key', `status@broadcast::${user}${domain}::3`, {}),
      row('sender-key-memory', `${unique()}@g.us`, { [`${user}:3@s.whatsapp.net`]: true }),
      place === 0
        ? row('lid-mapping', user, person.users[1])
        : row('lid-mapping', `${user}_reverse`, person.users[0]),
    ];
  });

const dana = '11111111-1111-4111-8111-111111111111';
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
      await claimSend(tx, send);
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
