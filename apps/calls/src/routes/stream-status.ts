import type { App } from '@prosaas/http';
import { type Logger, cutText } from '@prosaas/runtime';
import { Type } from 'typebox';
import type { CallEnds } from '../call-ends.ts';
import type { LiveCalls } from '../live-calls.ts';
import type { ProviderGuard } from '../provider-signature.ts';
import { callSid } from './incoming-call.ts';
import { webhookRoute } from './webhook.ts';

export const streamStatusPath = '/webhook/stream_status';

export interface StreamStatusOptions {
  guard: ProviderGuard;
  ends: CallEnds;
  live: LiveCalls;
  log: Logger;
}

const parameters = Type.Object({
  CallSid: callSid,
  StreamEvent: Type.Enum(['stream-started', 'stream-stopped', 'stream-error']),
  StreamError: Type.Optional(Type.String({ maxLength: 4000 })),
});
const shownError = 300;

/** The provider tells what becomes of a media stream: https://www.twilio.com/docs/voice/twiml/stream#statuscallback */
export function streamStatusRoute(app: App, { guard, ends, live, log }: StreamStatusOptions): void {
  webhookRoute(app, { path: streamStatusPath, parameters, guard }, async (event, reply) => {
    const { CallSid, StreamEvent, StreamError = '' } = event;
    const call = { call_id: CallSid, event: StreamEvent };
    if (StreamEvent === 'stream-error') {
      log.warn(
        { ...call, error: cutText(StreamError, shownError) },
        'the provider has trouble with a media stream',
      );
      ends.settleUnlessStreamed(CallSid, { outcome: 'error', reason: 'stream_error' });
    } else {
      log.info(call, 'the provider told the state of a media stream');
    }
    if (StreamEvent === 'stream-stopped') {
      ends.settleByProvider(CallSid, { outcome: 'completed', reason: 'provider_stream_stopped' });
      live.hangUp(CallSid);
    }
    return reply.code(204).send();
  });
}
