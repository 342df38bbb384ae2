import type { App } from '@prosaas/http';
import { type Logger, cutText } from '@prosaas/runtime';
import { Type } from 'typebox';
import type { CallCloser } from '../call-closer.ts';
import type { LiveCalls } from '../live-calls.ts';
import type { ProviderGuard } from '../provider-signature.ts';
import { callSid } from './incoming-call.ts';
import { webhookRoute } from './webhook.ts';

export const streamStatusPath = '/webhook/stream_status';

export interface StreamStatusOptions {
  guard: ProviderGuard;
  closer: CallCloser;
  live: LiveCalls;
  log: Logger;
}

const parameters = Type.Object({
  CallSid: callSid,
  StreamEvent: Type.Enum(['stream-started', 'stream-stopped', 'stream-error']),
  StreamError: Type.Optional(Type.String({ maxLength: 4000 })),
});
const SHOWN_ERROR_LENGTH = 300;

/** The provider's status callback of a media stream: https://www.twilio.com/docs/voice/twiml/stream#statuscallback */
export function streamStatusRoute(app: App, { guard, closer, live, log }: StreamStatusOptions): void {
  webhookRoute(app, { path: streamStatusPath, parameters, guard }, async (event, reply) => {
    const { CallSid, StreamEvent, StreamError = '' } = event;
    const call = { call_id: CallSid, event: StreamEvent };
    if (StreamEvent === 'stream-error') {
      log.warn(
        { ...call, error: cutText(StreamError, SHOWN_ERROR_LENGTH) },
        'the provider reported an error of a media stream',
      );
      closer.closeUnlessStreamed(CallSid, { outcome: 'error', reason: 'stream_error' });
    } else {
      log.info(call, 'the provider reported the status of a media stream');
    }
    if (StreamEvent === 'stream-stopped') {
      closer.closeByProvider(CallSid, { outcome: 'completed', reason: 'provider_stream_stopped' });
      live.endStream(CallSid);
    }
    return reply.code(204).send();
  });
}
