import type { App } from '@prosaas/http';
import type { Logger } from '@prosaas/runtime';
import { Type } from 'typebox';
import type { CallCloser } from '../call-closer.ts';
import type { CallStore } from '../call-store.ts';
import { callStatuses, outcomeOfStatus, providerReason } from '../call-state.ts';
import type { LiveCalls } from '../live-calls.ts';
import type { ProviderGuard } from '../provider-signature.ts';
import { callSid } from './incoming-call.ts';
import { webhookRoute } from './webhook.ts';

export interface CallStatusOptions {
  guard: ProviderGuard;
  closer: CallCloser;
  callStore: CallStore;
  live: LiveCalls;
  log: Logger;
}

const parameters = Type.Object({ CallSid: callSid, CallStatus: Type.Enum(callStatuses) });

/** The provider's status callback of a call. It may come twice, late, or out of order. */
export function callStatusRoute(app: App, { guard, closer, callStore, live, log }: CallStatusOptions): void {
  webhookRoute(app, { path: '/webhook/call_status', parameters, guard }, async (call, reply) => {
    const { CallSid, CallStatus } = call;
    log.info({ call_id: CallSid, status: CallStatus }, 'the provider reported the status of a call');
    callStore.recordEvent(CallSid, { type: 'status', status: CallStatus });
    const outcome = outcomeOfStatus(CallStatus);
    if (outcome) {
      closer.closeByProvider(CallSid, { outcome, reason: providerReason(CallStatus) });
      live.endStream(CallSid);
    }
    return reply.code(204).send();
  });
}
