import { type App, buildHttpApp } from '@prosaas/http';
import { createLogger } from '@prosaas/runtime';
import { agentEntriesRoutes } from '../../../apps/api/src/routes/agent-entries.ts';
import { agentTryRoutes } from '../../../apps/api/src/routes/agent-try.ts';
import { agentUnansweredRoutes } from '../../../apps/api/src/routes/agent-unanswered.ts';
import { auditRoutes } from '../../../apps/api/src/routes/audit.ts';
import { businessRoutes } from '../../../apps/api/src/routes/businesses.ts';
import { callRoutes } from '../../../apps/api/src/routes/calls.ts';
import { consoleStreamRoutes } from '../../../apps/api/src/routes/console-stream.ts';
import { contactRoutes } from '../../../apps/api/src/routes/contacts.ts';
import { checkRoutes } from '../../../apps/api/src/routes/checks.ts';
import { conversationActionRoutes } from '../../../apps/api/src/routes/conversation-actions.ts';
import { conversationRoutes } from '../../../apps/api/src/routes/conversations.ts';
import { deadLetterRoutes } from '../../../apps/api/src/routes/dead-letter.ts';
import { jobRoutes } from '../../../apps/api/src/routes/jobs.ts';
import { loggerRoutes } from '../../../apps/api/src/routes/loggers.ts';
import { messageRoutes } from '../../../apps/api/src/routes/messages.ts';
import { peopleRoutes } from '../../../apps/api/src/routes/people.ts';
import { phoneNumberRoutes } from '../../../apps/api/src/routes/phone-numbers.ts';
import { queueRoutes } from '../../../apps/api/src/routes/queues.ts';
import { scheduleRoutes } from '../../../apps/api/src/routes/schedules.ts';
import { signInRoutes } from '../../../apps/api/src/routes/sign-in.ts';
import { sessionRoutes } from '../../../apps/api/src/routes/sessions.ts';
import { serviceRoutes } from '../../../apps/api/src/routes/services.ts';
import { mountQrRoutes } from '../../../apps/baileys/src/routes/qr.ts';
import { mountSendRoutes } from '../../../apps/baileys/src/routes/send-text.ts';
import { mountSessionRoutes } from '../../../apps/baileys/src/routes/sessions.ts';
import { mountUnstoredRoutes } from '../../../apps/baileys/src/routes/unstored-messages.ts';
import { callStatusRoute } from '../../../apps/calls/src/routes/call-status.ts';
import { incomingCallRoute } from '../../../apps/calls/src/routes/incoming-call.ts';

const parts = ['body', 'querystring', 'headers', 'params'] as const;

/** A field of a JSON Schema, as far as its bounds go. */
export interface FieldSchema {
  type?: string;
  maxLength?: number;
  pattern?: string;
  enum?: unknown[];
  const?: unknown;
  anyOf?: FieldSchema[];
  maxItems?: number;
  items?: FieldSchema;
  properties?: Record<string, FieldSchema>;
}

export interface RequestSchema {
  service: 'api' | 'baileys' | 'calls';
  /** `POST /api/messages`. */
  route: string;
  part: (typeof parts)[number];
  schema: { properties: Record<string, FieldSchema> };
}

type Mount = (app: App, context: never) => void;
const mounts = {
  api: [
    agentEntriesRoutes,
    agentTryRoutes,
    agentUnansweredRoutes,
    auditRoutes,
    businessRoutes,
    callRoutes,
    consoleStreamRoutes,
    checkRoutes,
    contactRoutes,
    conversationActionRoutes,
    conversationRoutes,
    deadLetterRoutes,
    jobRoutes,
    loggerRoutes,
    messageRoutes,
    peopleRoutes,
    phoneNumberRoutes,
    queueRoutes,
    scheduleRoutes,
    signInRoutes,
    serviceRoutes,
    sessionRoutes,
  ] as Mount[],
  baileys: [mountQrRoutes, mountSendRoutes, mountSessionRoutes, mountUnstoredRoutes] as Mount[],
  calls: [callStatusRoute, incomingCallRoute] as Mount[],
};

/** The schemas of what requests bring, of every route with one. */
export function requestSchemas(): RequestSchema[] {
  const found: RequestSchema[] = [];
  for (const service of ['api', 'baileys', 'calls'] as const) {
    const app = buildHttpApp({ log: createLogger({ service: 'test', instance: 'test', level: 'silent' }) });
    app.addHook('onRoute', ({ method, url, schema }) => {
      for (const part of parts) {
        const one = schema?.[part] as RequestSchema['schema'] | undefined;
        if (one !== undefined && method !== 'HEAD')
          found.push({ service, route: `${String(method)} ${url}`, part, schema: one });
      }
    });
    for (const mount of mounts[service]) mount(app, unused);
  }
  return found;
}

const refuse = (): Promise<void> => Promise.reject(new Error('no request comes here'));
/** Routes use what they are given when they are asked, and nobody asks these. */
const unused = {
  business: refuse,
  owner: refuse,
  admin: refuse,
  operator: refuse,
  anyone: refuse,
  adminGuard: refuse,
  readGuard: refuse,
  sendGuard: refuse,
  guard: { onRequest: refuse, preValidation: refuse },
} as never;
