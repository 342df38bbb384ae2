import { Empty, Loading } from '../kit/empty.tsx';
import { OldValue } from '../kit/old-value.tsx';
import { OnlyWrong, isOnlyWrong } from '../kit/only-wrong.tsx';
import { liveValue } from '../lib/live.ts';
import { type PageDefinition, isOperator } from '../lib/page.ts';
import { useResource } from '../lib/use-resource.ts';
import { type Loggers, LogLevel } from './services/log-level.tsx';
import { Replicas } from './services/replicas.tsx';
import { groupByService, isMissing, isWrong, summaryOf, versionsOf } from './services/text.ts';
import { Status } from '../kit/status.tsx';

export const page: PageDefinition = {
  path: 'services',
  title: 'Services',
  order: 50,
  seenBy: isOperator,
  View: Services,
};

function Services() {
  const value = liveValue('services');
  const replicas = value?.items ?? [];
  // Replicas report their log level, so a change of it shows here.
  const version = replicas.map(({ instance, state, log_level: level }) => [instance, state, level]);
  const loggers = useResource<Loggers>('api/loggers', JSON.stringify(version));
  const groups = groupByService(replicas);
  const shown = isOnlyWrong()
    ? groups.filter((group) => isMissing(group) || group.replicas.some(isWrong))
    : groups;
  const versions = versionsOf(replicas);
  return (
    <div class="stack">
      <div class="row spread">
        <h1>Services</h1>
        <OnlyWrong />
      </div>
      <OldValue part="services" />
      {value === null && <Loading rows={6} />}
      {versions.length > 1 && (
        <p>
          <Status level="warn">
            {versions.length} versions are running: {versions.join(', ')}
          </Status>
        </p>
      )}
      {value !== null && shown.length === 0 && (
        <Empty title="Nothing is wrong">
          <p>All {replicas.length} replicas are live. Turn the switch off to see them.</p>
        </Empty>
      )}
      {(value === null ? [] : shown).map(({ service, replicas: all }) => (
        <section key={service} class="stack-tight" aria-labelledby={`service-${service}`}>
          <div class="row spread">
            <div>
              <h2 id={`service-${service}`}>{service}</h2>
              <p>{all.length === 0 ? <Status level="bad">{summaryOf(all)}</Status> : summaryOf(all)}</p>
            </div>
            <LogLevel service={service} loggers={loggers} />
          </div>
          {all.length === 0 ? (
            <pre tabIndex={0}>{`docker compose up -d ${service}`}</pre>
          ) : (
            <Replicas service={service} replicas={isOnlyWrong() ? all.filter(isWrong) : all} />
          )}
        </section>
      ))}
      {value !== null && value.left_off > 0 && (
        <p class="quiet">{value.left_off} more replicas are not shown.</p>
      )}
    </div>
  );
}
