// Contacts for the tests of personal data, and rows of every table that holds some.

/** A WhatsApp contact or a caller, as the records spell it. */
export interface Person {
  address: string;
  alternate: string | null;
  caller: string;
  /** Spelling in texts and payloads. */
  mentioned: string;
  /** User parts in the ids of its Signal keys. */
  users: string[];
}

export const whatsapp: Person = {
  address: '49301234567@s.whatsapp.net',
  alternate: '77000000001@lid',
  caller: '+49301234567',
  mentioned: '49301234567@c.us',
  users: ['49301234567', '77000000001'],
};
export const gateway: Person = { ...whatsapp, caller: 'sip:+49301234567@trunk.example.com;user=phone' };
export const caller: Person = {
  address: 'sip:alice@example.com',
  alternate: null,
  caller: '"Alice" <sip:alice@example.com:5080>',
  mentioned: 'alice@example.com',
  users: [],
};
/** Contacts whose names contain the names of the others. */
export const strangers: Person[] = [
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

export type Row = Record<string, unknown>;

/** A person of the business, who is notified of contacts. */
export const dana: string = '11111111-1111-4111-8111-111111111111';

let mark = 0;
/** A number that no other value has. */
export const uniqueNumber = (): number => (mark += 1);
/** A text that no other value has. */
const unique = (): string => `mark-${uniqueNumber()}`;

export const addressesOf = ({ users }: Person): string[] =>
  users.map((user, place) => `${user}@${place === 0 ? 's.whatsapp.net' : 'lid'}`);

/** Values of columns that link rows or that accept only certain values. A table may have several rows. */
export function rowsOf(person: Person): Record<string, Row[]> {
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
