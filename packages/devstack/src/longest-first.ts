import { relative } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** The test files that take longest, in seconds of a whole run on two cores. */
export const slowFiles: Readonly<Record<string, number>> = {
  'apps/worker/test/poison.test.ts': 140,
  'apps/worker/test/worker.test.ts': 100,
  'test/spec/database-faults.test.ts': 100,
  'apps/worker/test/kill.test.ts': 80,
  'test/spec/redis-faults.test.ts': 80,
  'apps/worker/test/prove.test.ts': 70,
  'test/spec/alerting.test.ts': 65,
  'test/spec/handing-over.test.ts': 60,
  'test/spec/trouble-lines.test.ts': 50,
  'test/spec/readme.test.ts': 50,
  'test/spec/doors.test.ts': 40,
  'test/spec/logs.test.ts': 40,
  'apps/api/test/jobs-command.test.ts': 37,
  'packages/observability/test/heartbeat.test.ts': 36,
  'apps/baileys/test/process.test.ts': 34,
  'apps/calls/test/outage.test.ts': 34,
  'apps/baileys/test/stored-or-redelivered.test.ts': 33,
  'test/spec/baileys-faults.test.ts': 30,
  'test/text-cost.test.ts': 27,
  'test/e2e/five-hundred-messages.test.ts': 25,
  'apps/calls/test/call.test.ts': 24,
  'packages/runtime/src/redis-cluster.test.ts': 23,
  'test/spec/readiness.test.ts': 22,
  'apps/baileys/test/prove.test.ts': 21,
  'test/spec/clocks.test.ts': 20,
  'apps/baileys/test/unstored.test.ts': 18,
  'packages/observability/src/metrics/faults.test.ts': 17,
  'apps/calls/test/strangers.test.ts': 17,
  'test/spec/draining.test.ts': 16,
  'apps/worker/test/queues.test.ts': 16,
  'apps/worker/test/schedules.test.ts': 15,
  'apps/api/test/dead-letter.test.ts': 15,
  'packages/runtime/src/service.test.ts': 15,
  'apps/baileys/test/both-ways.test.ts': 14,
  'packages/observability/test/prove.test.ts': 13,
  'apps/worker/test/retention.test.ts': 13,
};

/** Starts them first, of whatever project, so that none is left to run alone at the end. The others follow in vitest's own order. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const { root } = this.ctx.config;
    const secondsOf = ({ moduleId }: TestSpecification): number => slowFiles[relative(root, moduleId)] ?? 0;
    // oxlint-disable-next-line unicorn/no-array-sort -- vitest's, of no array
    return (await super.sort(files)).toSorted((a, b) => secondsOf(b) - secondsOf(a));
  }
}
