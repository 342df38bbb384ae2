import { useEffect, useRef } from 'preact/hooks';
import { Empty, Failed, Loading } from '../kit/empty.tsx';
import { OldValue } from '../kit/old-value.tsx';
import { OnlyWrong, isOnlyWrong } from '../kit/only-wrong.tsx';
import { Status } from '../kit/status.tsx';
import { describeChanges, worstFirst } from '../lib/check-text.ts';
import type { Check } from '../lib/checks.ts';
import { diagnose, silentServices } from '../lib/diagnosis.ts';
import { countText } from '../lib/format.ts';
import { live, liveValue, now } from '../lib/live.ts';
import type { PageDefinition } from '../lib/page.ts';
import { location } from '../lib/router.ts';
import { announce } from '../lib/notifications.ts';
import { useResource } from '../lib/use-resource.ts';
import { CheckRow, type CheckDetails } from './health/check-row.tsx';
import { Probes, type Probe } from './health/probes.tsx';

export const page: PageDefinition = {
  path: 'health',
  title: 'Health',
  order: 60,
  seenBy: () => true,
  View: Health,
  badge: () => wrongOf(liveValue('health') ?? []).length,
};

const wrongOf = (checks: readonly Check[]): Check[] => checks.filter(({ status }) => status !== 'pass');

/** GET /api/checks */
interface Checks {
  draining: boolean;
  items: (Check & CheckDetails)[];
  probes: Probe[];
}

function Health() {
  const checks = worstFirst(liveValue('health') ?? []);
  const version = checks.map(({ name, status, since, reasons }) => [
    name,
    status,
    since,
    reasons.map(({ code }) => code),
  ]);
  const { data, error, reload } = useResource<Checks>('api/checks', JSON.stringify(version));
  useChangeAnnouncements(checks);
  const details = new Map(data.value?.items.map((check) => [check.name, check]));
  const requested = location.value.query.get('check');
  const wrong = wrongOf(checks);
  const shown = isOnlyWrong() ? wrong : checks;
  const open = requested ?? diagnose(checks)[0]?.check ?? wrong[0]?.name;
  return (
    <div class="stack">
      <div class="row spread">
        <h1>Health</h1>
        <OnlyWrong />
      </div>
      <OldValue part="health" />
      {data.value === undefined && <Failed error={error.value} onRetry={reload} />}
      {data.value?.draining === true && (
        <Status level="warn">
          This replica of the api is shutting down. The page will continue with another one.
        </Status>
      )}
      {checks.length === 0 && <Loading rows={8} />}
      {checks.length > 0 && (
        <p class="row">
          <Status level={wrong.length === 0 ? 'good' : wrong[0]!.status === 'fail' ? 'bad' : 'warn'}>
            {wrong.length === 0
              ? `All ${countText(checks.length, 'check passes', 'checks pass')}`
              : `${wrong.length} of ${countText(checks.length, 'check')} ${wrong.length === 1 ? 'does' : 'do'} not pass`}
          </Status>
        </p>
      )}
      <SilentServices />
      {checks.length > 0 && shown.length === 0 && (
        <Empty title="Nothing is wrong">
          <p>Turn the switch off to see every check and its last hour.</p>
        </Empty>
      )}
      {shown.length > 0 && (
        <ul class="rows checks" aria-label="Checks">
          {shown.map((check) => (
            <li key={check.name}>
              <CheckRow
                check={check}
                details={details.get(check.name)}
                isOpen={check.name === open}
                isRequested={check.name === requested}
              />
            </li>
          ))}
        </ul>
      )}
      {data.value !== undefined && <Probes probes={data.value.probes} checks={checks} />}
    </div>
  );
}

/** Services without a running replica, which show here before their checks fail. */
function SilentServices() {
  const services = live('services');
  const replicas = services?.failed === null ? (services.value?.items ?? []) : [];
  return (
    <>
      {silentServices(replicas, now.value).map(({ check, sentence, action }) => (
        <p key={check} class="row spread">
          <span class="status bad wraps">
            <span aria-hidden="true">■</span> {sentence}
          </span>
          <a class="target" href={action.href}>
            {action.text}
          </a>
        </p>
      ))}
    </>
  );
}

/** Announces changed checks to screen readers. */
function useChangeAnnouncements(checks: readonly Check[]): void {
  const before = useRef<readonly Check[]>([]);
  useEffect(() => {
    const text = describeChanges(before.current, checks);
    before.current = checks;
    if (text !== '') announce(text);
  });
}
