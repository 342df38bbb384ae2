import { mkdtempDisposable, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Profile, loadProfile } from '@prosaas/agentkit';
import { applyEvent } from '@prosaas/conversations';
import { recordInbound } from '@prosaas/database';
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import { noticeChannels } from '../src/notices/channels.ts';
import { handOverTask } from '../src/tasks/hand-over.ts';
import { type MailServer, startMailServer } from './mail-server.ts';
import { type Stage, setStage, silent } from './stage.ts';

export const dana = '11111111-1111-4111-8111-111111111111';
export const eli = '22222222-2222-4222-8222-222222222222';
export const danas = '15550101@s.whatsapp.net';
export const elis = '15550102@s.whatsapp.net';
export const ann = '15550199@s.whatsapp.net';

/** The fixtures of a test, set by `useNoticeStage`. */
export const on = {} as { stage: Stage; mail: MailServer; profile: Profile };
let folder: Awaited<ReturnType<typeof mkdtempDisposable>>;
let profilePath: string;

/** Sets up a stage and a mail server for each test of a file. */
export function useNoticeStage(): void {
  beforeAll(async () => {
    folder = await mkdtempDisposable(join(tmpdir(), 'notices-'));
    profilePath = join(folder.path, 'profile.yaml');
    const shipped = await readFile(
      new URL('../../../packages/agentkit/profiles/default.yaml', import.meta.url),
      'utf8',
    );
    // No quiet hours: tests run at any time of the day.
    await writeFile(profilePath, shipped.replace("quiet: '22:00-07:00'", 'quiet: null'));
    on.profile = await loadProfile(profilePath);
  });
  afterAll(() => folder[Symbol.asyncDispose]());
  beforeEach(async () => {
    on.stage = await setStage();
    on.mail = await startMailServer();
  });
  afterEach(async () => {
    await on.stage[Symbol.asyncDispose]();
    await on.mail[Symbol.asyncDispose]();
  });
}

export const work = (): Promise<unknown> =>
  on.stage.worker({}, { PROFILE_PATH: profilePath, SMTP_URL: on.mail.url });

export async function addPerson(
  id: string,
  name: string,
  phone: string | null,
  email: string | null,
): Promise<void> {
  await on.stage.db.query(
    `insert into people (id, business_id, name, role, phone_number, email) values ($1, 'default', $2, 'staff', $3, $4)`,
    [id, name, phone, email],
  );
}
export const addDana = (): Promise<void> => addPerson(dana, 'Dana', '15550101', 'dana@example.com');
export const addEli = (): Promise<void> => addPerson(eli, 'Eli', '15550102', null);

/** Makes a customer's conversation wait for a person, without a worker. */
export async function waitingCustomer(
  contact = ann,
  reason: 'asked' | 'emergency' = 'asked',
): Promise<string> {
  return on.stage.db.transaction(async (tx) => {
    const { conversationId } = await recordInbound(tx, {
      sessionId: 'shop',
      businessId: 'default',
      contact,
      contactName: 'Ann',
      externalId: `IN-${contact}`,
      text: 'I want to talk to a person',
      sentAt: new Date(),
    });
    await applyEvent(tx, conversationId, { type: 'needs_person', reason }, { actor: 'agent' });
    return conversationId;
  });
}

const days = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'];
/** For `run`: the opening hours of a business that never closes. */
export const alwaysOpen: Profile['hours']['week'] = Object.fromEntries(
  days.map((day) => [day, ['00:00-24:00']]),
);

const never = new AbortController().signal;
interface Run {
  person?: Profile['person'];
  hours?: Profile['hours'];
  hasMail?: boolean;
}
export const handedOver: string[] = [];
export const run = ({ person = { quiet: null }, hours, hasMail = false }: Run = {}): Promise<void> =>
  handOverTask({
    db: on.stage.db,
    relay: on.stage.relay,
    profile: () => ({ hours: hours ?? { ...on.profile.hours, week: {} }, timeZone: 'UTC', person }),
    channels: noticeChannels({ hasMail }),
    onHandOver: (reason) => handedOver.push(reason),
    log: silent,
  })(never);

export const notices = (): Promise<{ kind: string; channel: string; person: string }[]> =>
  on.stage.db.query(
    `select kind, channel, people.name as person from notices join people on people.id = person_id
     order by notices.created_at, people.name, channel`,
  );
export const kinds = async (): Promise<string[]> => (await notices()).map(({ kind }) => kind);
export const announcements = async (id: string): Promise<unknown> =>
  (
    await on.stage.db.query<{ announcements: number }>(
      'select announcements from conversations where id = $1',
      [id],
    )
  )[0]?.announcements;
/** Moves all notices and announcements into the past. */
export const minutesPass = (minutes: number): Promise<unknown> =>
  on.stage.db.query(
    `with chats as (update conversations set announced_at = announced_at - make_interval(secs => 60 * $1::float8),
         state_since = state_since - make_interval(secs => 60 * $1::float8)),
       events as (update conversation_events set at = at - make_interval(secs => 60 * $1::float8)),
       notice_messages as (update messages set created_at = created_at - make_interval(secs => 60 * $1::float8) where author = 'notice')
     update notices set created_at = created_at - make_interval(secs => 60 * $1::float8)`,
    [minutes],
  );
export const stateOf = async (contact: string): Promise<object> =>
  (
    await on.stage.db.query<object>(
      'select state, state_reason, person_id from conversations where contact = $1',
      [contact],
    )
  )[0]!;
export const heardBy = (contact: string): string[] =>
  on.stage.baileys.sent.filter(({ chatId }) => chatId === contact).map(({ text }) => text);
