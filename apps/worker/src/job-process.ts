// The child process that runs one job and exits: `job-process <row id> <release> <time limit, ms>`. The worker forks it, sends it the profile
// and receives the outcome as a message.
import { readFileSync, writeFileSync } from 'node:fs';
import { type Profile, createAgent, modelSettings } from '@prosaas/agentkit';
import { createDatabase, findJob, readGeneratedKeys, recordChildOutlivedWorker } from '@prosaas/database';
import { parseTrace } from '@prosaas/queues';
import { captureConsole, createLogger, identify, loadConfig } from '@prosaas/runtime';
import { createBaileysClient } from './baileys-client.ts';
import { Config } from './config.ts';
import type { ChildReport } from './child-runner.ts';
import { answerLimits } from './job.ts';
import { createHandlers } from './jobs/index.ts';
import { createMailer } from './mailer.ts';
import { exitWhenStuck } from './exit-when-stuck.ts';
import { type Outcome, requeueAfter, runRow } from './run-row.ts';
import { TimeIsUp } from './job-errors.ts';

raiseOomScore();
// The worker handles signals to the process group.
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => {});

/** Once its worker has died, the process exits after this long even if PostgreSQL does not answer. */
const RECORD_LIMIT_MS = 2000;
const [id = '', release = '', timeLimit = ''] = process.argv.slice(2);
const profileSent = new Promise<Profile>((resolve) => {
  process.once('message', (message) => resolve(message as Profile));
});
const config = loadConfig(Config, process.env);
const identity = identify('worker');
const instance = `${identity.instance}:job`;
const log = createLogger({ service: 'worker', instance, level: config.LOG_LEVEL, pretty: config.LOG_PRETTY });
captureConsole(log);
const db = createDatabase({ url: config.DATABASE_URL, size: 2, applicationName: instance, log });
process.on('disconnect', recordSurvival);
// The worker may have died before this process started.
if (!process.connected) recordSurvival();
// The watchdog kills a process whose job blocks the event loop.
exitWhenStuck({ afterSeconds: config.WORKER_EXIT_AFTER_SECONDS, identity, log });

const answers: ChildReport['answers'] = [];
const modelCalls: ChildReport['modelCalls'] = [];
// Only database errors end up here: they are not the job's fault, so it is requeued.
const outcome = await runHere().catch((error: unknown) => requeueAfter(error, { afterMs: 2000 }));
process.send?.({ outcome, answers, modelCalls } satisfies ChildReport, () => process.exit(0));

async function runHere(): Promise<Outcome> {
  const row = await findJob(db, id);
  if (row === undefined || String(row.release) !== release || row.failure !== null) {
    return { kind: 'done', released: [] };
  }
  const profile = await profileSent;
  await using agent = createAgent({
    profile,
    model: modelSettings(config),
    log,
    onAnswer: (source) => answers.push(source),
    onModelCall: (call) => modelCalls.push(call),
  });
  await using rules = createAgent({ profile, log });
  const secret = config.INTERNAL_SECRET ?? (await readGeneratedKeys(db)).get('INTERNAL_SECRET');
  const handlers = createHandlers({
    db,
    agent,
    rules,
    profile: () => profile,
    baileys: createBaileysClient({ url: config.BAILEYS_URL, secret: () => secret }),
    mailer: createMailer(config),
    limits: answerLimits(config),
  });
  const limit = new AbortController();
  setTimeout(() => limit.abort(new TimeIsUp()), Number(timeLimit)).unref();
  const { traceId } = parseTrace(row.trace ?? undefined) ?? {};
  const jobLog = log.child({ queue: row.queue, job_id: `${id}-${release}`, trace_id: traceId });
  return await runRow({ db, handlers, instance: identity.instance }, row, {
    signal: limit.signal,
    log: jobLog,
  });
}

/** Records that the worker died and this process did not: the job did not kill the worker. */
function recordSurvival(): void {
  setTimeout(() => process.exit(0), RECORD_LIMIT_MS);
  void recordChildOutlivedWorker(db, { id, release: Number(release) }).finally(() => process.exit(0));
}

/** Makes Linux's OOM killer prefer this process to its worker. */
function raiseOomScore(): void {
  const file = '/proc/self/oom_score_adj';
  try {
    writeFileSync(file, String(Math.min(Number(readFileSync(file, 'utf8')) + 200, 1000)));
  } catch {
    // Not Linux.
  }
}
