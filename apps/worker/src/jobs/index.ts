import type { JobDependencies, JobHandlers } from '../job.ts';
import * as inboundMessages from './inbound-messages.ts';
import * as notices from './notices.ts';
import * as outboundMessages from './outbound-messages.ts';

/** What does the jobs of each queue, in the worker itself and in a process for one job. */
export function createHandlers(dependencies: JobDependencies): JobHandlers {
  return {
    'inbound-messages': inboundMessages.createHandler(dependencies),
    'outbound-messages': outboundMessages.createHandler(dependencies),
    notices: notices.createHandler(dependencies),
  };
}
