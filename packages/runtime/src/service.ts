import { type Static, type TObject } from 'typebox';
import type { CommonFields } from './common-config.ts';
import { CommonConfig } from './common-config.ts';
import { ConfigError, type Environment, loadConfig } from './config.ts';
import { captureConsole } from './console-capture.ts';
import { type Identity, type ServiceName, identify } from './identity.ts';
import { type Logger, createLogger } from './logger.ts';
import { supervise } from './supervisor.ts';

export interface ServiceContext {
  identity: Identity;
  log: Logger;
}

export interface RunningService extends AsyncDisposable {
  /** First step of a shutdown: readiness fails, everything else continues for `DRAIN_SECONDS`. Must not throw. */
  drain(): void;
}

/** Below Compose's `stop_grace_period` of 30 s. */
const DEADLINE_MS = 25_000;

/**
 * Runs a service: reads the environment (a bad one prints every fault and exits 1) and starts the service. At SIGTERM or SIGINT it
 * drains the service, waits `DRAIN_SECONDS`, disposes of it and lets the process end with 0. After an unhandled error it does the
 * same and ends with 1, or with the error's own `exitCode`. Past the deadline, or at a second signal, the process exits at once.
 */
export async function runService<T extends TObject>(
  name: ServiceName,
  schema: T,
  start: (config: Static<T>, context: ServiceContext) => Promise<RunningService>,
): Promise<void> {
  const loaded = readConfig(schema, process.env);
  if (loaded === undefined) return;
  const identity = identify(name);
  const { LOG_LEVEL, LOG_PRETTY, DRAIN_SECONDS } = loaded.common;
  const log = createLogger({
    service: name,
    instance: identity.instance,
    level: LOG_LEVEL,
    pretty: LOG_PRETTY,
  });
  captureConsole(log);
  captureWarnings(log);
  await supervise({
    start: () => start(loaded.config, { identity, log }),
    log,
    drainMs: DRAIN_SECONDS * 1000,
    deadlineMs: DEADLINE_MS,
  });
}

// Node prints its warnings itself, as text between the lines of JSON.
function captureWarnings(log: Logger): void {
  process.removeAllListeners('warning');
  process.on('warning', (warning) => log.warn({ err: warning }, 'Node warns'));
}

function readConfig<T extends TObject>(
  schema: T,
  env: Environment,
): { config: Static<T>; common: Static<TObject<CommonFields>> } | undefined {
  try {
    return { config: loadConfig(schema, env), common: loadConfig(CommonConfig, env) };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
    return undefined;
  }
}
