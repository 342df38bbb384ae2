import { findRecordingAudio } from '../calls/call-repository.ts';
import type { ContactData } from './contact-data.ts';
import type { ContactQuery } from './contact-search.ts';
import type { Queryable } from '../database.ts';

/**
 * The export of a contact as pieces of JSON text: `ContactData` with the requested `contact`, and each recording with its `audio` in
 * base64. Holds one recording at a time in memory.
 */
export async function* streamContactExport(
  db: Queryable,
  query: ContactQuery,
  { calls, ...data }: ContactData,
): AsyncGenerator<string> {
  yield `${open({ contact: query.contact, ...data })},"calls":[`;
  for (const [place, { recordings, ...call }] of calls.entries()) {
    yield `${place === 0 ? '' : ','}${open(call)},"recordings":[`;
    for (const [nth, recording] of recordings.entries()) {
      // oxlint-disable-next-line no-await-in-loop -- one at a time in memory
      const found = await findRecordingAudio(db, {
        callId: call.id,
        id: recording.id,
        businessId: query.businessId,
      });
      // Erased meanwhile.
      const audio = found?.audio.toString('base64') ?? null;
      yield `${nth === 0 ? '' : ','}${JSON.stringify({ ...recording, audio })}`;
    }
    yield ']}';
  }
  yield ']}';
}

/** A JSON object without its last brace. */
const open = (value: object): string => JSON.stringify(value).slice(0, -1);
