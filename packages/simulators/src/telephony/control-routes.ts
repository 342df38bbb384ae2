import { ControlError, type Route, optionalText } from '../control/routes.ts';
import { babble, loudness, wavOf } from './mulaw.ts';
import type { CallReport, PlacedCall } from './placed-call.ts';
import type { TelephonyProvider } from './provider.ts';

/** Maximum number of calls that are kept for queries; beyond it, the oldest are forgotten. */
const MAX_CALLS = 1000;
const MAX_MESSAGE_MS = 300_000;

/** Control routes of a telephony provider: place a call, hang up, read a call's state, fetch what the caller heard. */
export function telephonyRoutes(provider: TelephonyProvider): Route[] {
  const calls = new Map<string, { call: PlacedCall; report?: CallReport }>();
  const find = (sid: string): { call: PlacedCall; report?: CallReport } => {
    const found = calls.get(sid);
    if (!found) throw new ControlError(404, `no call ${sid}`);
    return found;
  };

  return [
    {
      method: 'POST',
      path: '/calls',
      async handle({ body }) {
        const from = optionalText(body, 'from');
        const to = optionalText(body, 'to');
        const call = await provider.call({
          say: babble(messageMs(body['messageMs'])),
          ...(from !== undefined && { from }),
          ...(to !== undefined && { to }),
        });
        const entry: { call: PlacedCall; report?: CallReport } = { call };
        calls.set(call.sid, entry);
        for (const oldest of calls.keys()) {
          if (calls.size <= MAX_CALLS) break;
          calls.delete(oldest);
        }
        void call.ended.then((report) => (entry.report = report));
        return { status: 201, body: viewCall(call) };
      },
    },
    {
      method: 'GET',
      path: '/calls/:sid',
      handle({ param }) {
        const { call, report } = find(param('sid'));
        return { body: viewCall(call, report) };
      },
    },
    {
      method: 'GET',
      path: '/calls/:sid/heard',
      handle({ param }) {
        const { call, report } = find(param('sid'));
        return { body: wavOf(report?.heard ?? call.stream?.heard ?? new Uint8Array()), type: 'audio/wav' };
      },
    },
    {
      method: 'POST',
      path: '/calls/:sid/hang-up',
      handle({ param }) {
        find(param('sid')).call.hangUp();
        return { status: 202 };
      },
    },
  ];
}

function messageMs(value: unknown): number {
  if (value === undefined) return 2000;
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= MAX_MESSAGE_MS)
    return value;
  throw new ControlError(400, `"messageMs" must be a whole number up to ${MAX_MESSAGE_MS}`);
}

function viewCall(call: PlacedCall, report?: CallReport): object {
  const heard = report?.heard ?? call.stream?.heard ?? new Uint8Array();
  return {
    sid: call.sid,
    status: call.answer?.status ?? null,
    verdict: call.verdict,
    ended: report !== undefined,
    endedBy: report?.by ?? null,
    heardMs: Math.round(heard.length / 8),
    saidMs: Math.round((call.stream?.saidBytes ?? 0) / 8),
    sentencesHeard: call.stream?.marks.length ?? 0,
    loudness: Math.round(loudness(heard)),
  };
}
