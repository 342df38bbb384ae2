import type { JobDependencies, JobHandlers } from '../job.ts';
import * as inboundMessages from './inbound-messages.ts';
import * as notices from './notices.ts';
import * as outboundMessages from './outbound-messages.ts';

/** The handlers of all job kinds, for the worker and its child processes. */
export function createHandlers(dependencies: JobDependencies): JobHandlers {
  return {
    'inbound-messages': inboundMessages.createHandler(dependencies),
    'outbound-messages': outboundMessages.createHandler(dependencies),
    notices: notices.createHandler(dependencies),
  };
}
