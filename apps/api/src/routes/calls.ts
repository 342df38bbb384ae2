import { findCallerNumbers, findCall, findRecordingAudio, listCalls } from '@prosaas/database';
import { type App, BusinessFilter, businessOf, page, pageQuery } from '@prosaas/http';
import { Type } from 'typebox';
import { decodeCursor, encodeCursor } from '../cursor.ts';
import { NotFound } from '../errors.ts';
import { digitsOf } from '../phone-digits.ts';
import { Page } from './page.ts';
import {
  NullableText,
  NullableTime,
  Position,
  type ResourceContext,
  Time,
  requireText,
  requireUuid,
} from './resource.ts';

const Call = Type.Object({
  id: Type.String(),
  business_id: Type.String(),
  from_number: NullableText,
  to_number: NullableText,
  status: Type.String(),
  outcome: NullableText,
  reason: NullableText,
  started_at: Time,
  answered_at: NullableTime,
  ended_at: NullableTime,
  timeline: Type.Array(Type.Object({ at: Type.String(), event: Type.String(), detail: NullableText })),
  recordings: Type.Array(
    Type.Object({
      id: Type.String(),
      media_type: Type.String(),
      duration_ms: Type.Integer(),
      created_at: Type.String(),
    }),
  ),
});

const outcome = '(completed|error|rejected)';
const time = Type.String({ maxLength: 40, format: 'date-time' });

const CallCursor = Type.Tuple([Position, Type.String({ maxLength: 200 })]);

const Query = Type.Object(
  {
    ...pageQuery.properties,
    business: BusinessFilter,
    live: Type.Optional(Type.Boolean({ description: 'true: those that go on; false: those that are over' })),
    outcome: Type.Optional(
      Type.String({
        pattern: `^${outcome}(,${outcome})*$`,
        maxLength: 40,
        description: 'One or several: error,rejected',
      }),
    ),
    after: Type.Optional(Type.Unsafe<string>({ ...time, description: 'It did not begin earlier' })),
    before: Type.Optional(Type.Unsafe<string>({ ...time, description: 'It began earlier' })),
    contact: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 100,
        pattern: '^[^\\u0000]+$',
        description: 'Who called: a phone number, or a SIP or WhatsApp address',
      }),
    ),
    conversation: Type.Optional(
      Type.String({ maxLength: 36, format: 'uuid', description: "Calls of this conversation's contact" }),
    ),
  },
  { additionalProperties: false },
);
const CallId = Type.Object({ id: Type.String() });
const RecordingId = Type.Object({ id: Type.String(), recording: Type.String() });

export function callRoutes(app: App, { db, business }: ResourceContext): void {
  app.get(
    '/api/calls',
    { onRequest: business, schema: { querystring: Query, response: { 200: Page(Call) } } },
    async (request) => {
      const {
        limit,
        cursor,
        business: named,
        live,
        outcome: outcomes,
        contact,
        conversation,
      } = request.query;
      const businessId = businessOf(request, named);
      const position = decodeCursor(CallCursor, cursor);
      const rows = await listCalls(db, {
        businessId,
        live,
        outcomes: outcomes?.split(','),
        from: request.query.after,
        before: request.query.before,
        callers: await findCallers({ contact, conversation, businessId }),
        after: position && { position: position[0], id: position[1] },
        limit: limit + 1,
      });
      return page(rows, limit, (row) => encodeCursor([row.position, row.id]));
    },
  );

  /** The callers that match both parameters; undefined without either. */
  async function findCallers({
    contact,
    conversation,
    businessId,
  }: {
    contact: string | undefined;
    conversation: string | undefined;
    businessId: string | undefined;
  }): Promise<string[] | undefined> {
    const byContact = contact === undefined ? undefined : [toCaller(contact)];
    if (conversation === undefined) return byContact;
    const callers = await findCallerNumbers(db, conversation, businessId);
    if (callers === undefined) throw new NotFound('conversation');
    return byContact === undefined ? callers : byContact.filter((caller) => callers.includes(caller));
  }

  app.get(
    '/api/calls/:id',
    { onRequest: business, schema: { params: CallId, response: { 200: Call } } },
    async (request) => {
      const call = await findCall(db, requireText(request.params.id, 'call'), businessOf(request));
      if (call === undefined) throw new NotFound('call');
      return call;
    },
  );

  // The audio of a message that a caller left.
  app.get(
    '/api/calls/:id/recordings/:recording',
    { onRequest: business, config: { audited: true }, schema: { params: RecordingId } },
    async (request, reply) => {
      const recording = await findRecordingAudio(db, {
        callId: requireText(request.params.id, 'call'),
        id: requireUuid(request.params.recording, 'recording'),
        businessId: businessOf(request),
      });
      if (recording === undefined) throw new NotFound('recording');
      return reply
        .type(recording.media_type)
        .header(
          'content-disposition',
          `attachment; filename="${recording.id}${fileExtension(recording.media_type)}"`,
        )
        .header('cache-control', 'private, no-store')
        .send(recording.audio);
    },
  );
}

/** The digits of a phone number or WhatsApp address; a SIP address as it is. */
function toCaller(contact: string): string {
  const [whatsapp] = /^\d{5,20}(?=@(c\.us|s\.whatsapp\.net)$)/.exec(contact) ?? [];
  if (whatsapp !== undefined) return whatsapp;
  return contact.includes('@') ? contact : `${digitsOf(contact, 'querystring.contact')}`;
}

function fileExtension(mediaType: string): string {
  return mediaType.includes('wav') ? '.wav' : '';
}
