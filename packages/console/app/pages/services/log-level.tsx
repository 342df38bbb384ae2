import { useSignal } from '@preact/signals';
import { useId } from 'preact/hooks';
import { Button } from '../../kit/button.tsx';
import { Confirm } from '../../kit/dialog.tsx';
import { Status } from '../../kit/status.tsx';
import { At } from '../../kit/time.tsx';
import { api, me } from '../../lib/api.ts';
import { isAdmin } from '../../lib/page.ts';
import { notify } from '../../lib/notifications.ts';
import type { Resource } from '../../lib/use-resource.ts';

interface Logger {
  configuredLevel: string | null;
  effectiveLevel: string | null;
  until: string | null;
  replicas: { instance: string; state: string; level: string | null; applied: boolean }[];
}

/** GET /api/loggers */
export interface Loggers {
  levels: string[];
  loggers: Record<string, Logger>;
}

/** The log level of a service, with buttons for admins that change it in all its replicas. */
export function LogLevel({ service, loggers }: { service: string; loggers: Resource<Loggers> }) {
  const isDialogOpen = useSignal(false);
  const logger = loggers.data.value?.loggers[service];
  if (logger === undefined) return null;
  const { configuredLevel, effectiveLevel, until, replicas } = logger;
  const pending = replicas.filter(({ applied }) => !applied);
  const change = async (level: string | null, minutes?: number): Promise<void> => {
    await api('POST', `api/loggers/${service}`, { body: { configuredLevel: level, minutes } });
    notify(level === null ? `${service} logs at LOG_LEVEL again` : `${service} logs at ${level}`);
    loggers.reload();
  };
  return (
    <div class="row">
      <span>
        Log level <strong>{effectiveLevel ?? 'unknown'}</strong>
        {until !== null && (
          <>
            {' '}
            until <At time={until} />
          </>
        )}
      </span>
      {pending.length > 0 && (
        <Status level="warn">
          not yet applied by{' '}
          {pending.map(({ instance, level }) => `${instance} (${level ?? 'unknown'})`).join(', ')}
        </Status>
      )}
      {me.value && isAdmin(me.value) && (
        <>
          <Button label={`Change the log level of ${service}`} onPress={() => (isDialogOpen.value = true)}>
            Change
          </Button>
          {configuredLevel !== null && (
            <Button label={`Reset the log level of ${service}`} onPress={() => change(null)}>
              Reset
            </Button>
          )}
        </>
      )}
      {isDialogOpen.value && (
        <LevelDialog
          service={service}
          levels={loggers.data.value?.levels ?? []}
          current={effectiveLevel}
          onYes={change}
          onClose={() => (isDialogOpen.value = false)}
        />
      )}
    </div>
  );
}

const DURATIONS: readonly [minutes: number, text: string][] = [
  [15, '15 minutes'],
  [60, '1 hour'],
  [240, '4 hours'],
  [1440, '1 day'],
];

function LevelDialog({
  service,
  levels,
  current,
  onYes,
  onClose,
}: {
  service: string;
  levels: readonly string[];
  current: string | null;
  onYes: (level: string, minutes: number) => Promise<void>;
  onClose: () => void;
}) {
  const level = useSignal(levels.includes('DEBUG') ? 'DEBUG' : (current ?? levels[0] ?? ''));
  const minutes = useSignal(15);
  const id = useId();
  return (
    <Confirm
      title={`Log level of ${service}`}
      yes="Change"
      onYes={() => onYes(level.value, minutes.value)}
      onClose={onClose}
    >
      <p>
        All replicas log at this level, also those that start meanwhile. After that, LOG_LEVEL applies again.
      </p>
      <div class="fields">
        <label for={`${id}-level`}>Level</label>
        <select
          id={`${id}-level`}
          value={level.value}
          onChange={({ currentTarget }) => (level.value = currentTarget.value)}
        >
          {levels.map((name) => (
            <option key={name}>{name}</option>
          ))}
        </select>
        <label for={`${id}-for`}>For</label>
        <select
          id={`${id}-for`}
          value={minutes.value}
          onChange={({ currentTarget }) => (minutes.value = Number(currentTarget.value))}
        >
          {DURATIONS.map(([value, text]) => (
            <option key={value} value={value}>
              {text}
            </option>
          ))}
        </select>
      </div>
      <p class="note" role="status">
        {level.value === 'DEBUG' && 'At DEBUG the log shows the full phone numbers of customers.'}
      </p>
    </Confirm>
  );
}
