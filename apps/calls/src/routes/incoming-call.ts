import type { App } from '@prosaas/http';
import type { SlotPool } from '@prosaas/leases';
import { type Logger, maskPhone } from '@prosaas/runtime';
import { Type } from 'typebox';
import type { CallCloser } from '../call-closer.ts';
import type { CallStore } from '../call-store.ts';
import type { ProviderGuard } from '../provider-signature.ts';
import type { StreamTokens } from '../stream-tokens.ts';
import { type StreamAddresses, connectStream, hangUp, rejectBusy, twimlMediaType } from '../twiml.ts';
import { webhookRoute } from './webhook.ts';

export const callSid = Type.String({ pattern: '^[A-Za-z0-9_-]{1,64}$' });
/** A number, a SIP address or a name, without control characters. */
const party = Type.Optional(Type.String({ maxLength: 128, pattern: '^[^\\u0000-\\u001f\\u007f]*$' }));

const parameters = Type.Object({ CallSid: callSid, From: party, To: party });

export interface IncomingCallOptions {
  guard: ProviderGuard;
  slots: SlotPool;
  closer: CallCloser;
  tokens: StreamTokens;
  callStore: CallStore;
  stream: StreamAddresses;
  /** The service is stopping: it accepts no new calls. */
  draining: () => boolean;
  log: Logger;
}

/** The provider's webhook for an incoming call. It always answers with TwiML, because the provider would read an error to the caller. */
export function incomingCallRoute(app: App, options: IncomingCallOptions): void {
  const { guard, callStore, log } = options;
  webhookRoute(
    app,
    { path: '/webhook/incoming_call', parameters, guard },
    async ({ CallSid, From, To }, reply) => {
      const verdict = await decide(options, CallSid);
      const call = { call_id: CallSid, from: maskPhone(From ?? ''), to: maskPhone(To ?? '') };
      if (verdict.outcome !== 'over') callStore.recordEvent(CallSid, { type: 'offered', from: From, to: To });
      if (verdict.outcome === 'rejected') {
        log.warn({ ...call, reason: verdict.reason }, 'a call was rejected as busy');
        callStore.recordEvent(CallSid, { type: 'rejected', reason: verdict.reason });
      } else {
        if (verdict.outcome === 'accepted')
          callStore.recordEvent(CallSid, { type: 'step', step: 'accepted' });
        log.info(
          call,
          verdict.outcome === 'over' ? 'a call that is over was offered again' : 'a call was accepted',
        );
      }
      return reply.type(twimlMediaType).send(verdict.twiml);
    },
  );
}

type Verdict =
  | { outcome: 'accepted' | 'over'; twiml: string }
  | { outcome: 'rejected'; reason: 'max_concurrent' | 'redis_away' | 'shutting_down'; twiml: string };

async function decide(options: IncomingCallOptions, sid: string): Promise<Verdict> {
  const { slots, closer, tokens, stream, draining, log } = options;
  if (draining()) return { outcome: 'rejected', reason: 'shutting_down', twiml: rejectBusy };
  try {
    const slot = await slots.acquire(sid);
    if (slot === 'full') return { outcome: 'rejected', reason: 'max_concurrent', twiml: rejectBusy };
    if (slot === 'over') return { outcome: 'over', twiml: hangUp };
    // Also for a slot that is held: the process that acquired it may have died before it issued the token.
    await tokens.issue(sid);
    return { outcome: 'accepted', twiml: connectStream(stream, { token: tokens.tokenOf(sid) }) };
  } catch (error) {
    log.debug({ err: error, call_id: sid }, 'Redis could not be asked for a slot');
    // Redis may have assigned a slot although its reply did not arrive.
    closer.close(sid, { outcome: 'error', reason: 'redis_away' });
    return { outcome: 'rejected', reason: 'redis_away', twiml: rejectBusy };
  }
}
