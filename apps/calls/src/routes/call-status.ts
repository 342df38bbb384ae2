import type { App } from '@prosaas/http';
import type { Logger } from '@prosaas/runtime';
import { Type } from 'typebox';
import type { CallEnds } from '../call-ends.ts';
import type { CallJournal } from '../call-journal.ts';
import { callStatuses, endOf, providerReason } from '../call-state.ts';
import type { LiveCalls } from '../live-calls.ts';
import type { ProviderGuard } from '../provider-signature.ts';
import { callSid } from './incoming-call.ts';
import { webhookRoute } from './webhook.ts';

export interface CallStatusOptions {
  guard: ProviderGuard;
  ends: CallEnds;
  journal: CallJournal;
  live: LiveCalls;
  log: Logger;
}

const parameters = Type.Object({ CallSid: callSid, CallStatus: Type.Enum(callStatuses) });

/** The provider tells how a call goes on; perhaps twice, late, or out of order. */
export function callStatusRoute(app: App, { guard, ends, journal, live, log }: CallStatusOptions): void {
  webhookRoute(app, { path: '/webhook/call_status', parameters, guard }, async (call, reply) => {
    const { CallSid, CallStatus } = call;
    log.info({ call_id: CallSid, status: CallStatus }, 'the provider told the state of a call');
    journal.event(CallSid, { type: 'status', status: CallStatus });
    const outcome = endOf(CallStatus);
    if (outcome) {
      ends.settleByProvider(CallSid, { outcome, reason: providerReason(CallStatus) });
      live.hangUp(CallSid);
    }
    return reply.code(204).send();
  });
}
