import { useEffect } from 'preact/hooks';
import { Advice } from '../../kit/advice.tsx';
import { For } from '../../kit/time.tsx';
import { type Problem, diagnose } from '../../lib/diagnosis.ts';
import { me } from '../../lib/api.ts';
import { timeText } from '../../lib/format.ts';
import { connection, lastUpdateAt, live, liveValue, now } from '../../lib/live.ts';
import { isAdmin, isOperator, seesRecords } from '../../lib/page.ts';
import { href } from '../../lib/router.ts';
import { announce } from '../../lib/notifications.ts';

/** The worst problem in one sentence with its time, then what to do about it, then the other problems. */
export function Headline() {
  const checks = liveValue('health') ?? [];
  const services = live('services');
  // An outdated list does not show which replicas run now.
  const replicas = services?.failed === null ? (services.value?.items ?? []) : [];
  const problems = diagnose(checks, {
    sessions: liveValue('sessions'),
    mayPair: me.value ? isAdmin(me.value) : false,
    replicas,
    now: now.value,
    failedJobs: liveValue('dead_letter'),
    pausedQueues: Object.entries(liveValue('queues') ?? {}).flatMap(([name, { paused }]) =>
      paused ? [name] : [],
    ),
  }).map(withReachableAction);
  const [worst, ...others] = problems;
  const isAway = connection.value === 'away';
  const sentence = isAway ? 'The api does not answer' : (worst?.sentence ?? 'All is well');
  useEffect(() => announce(sentence), [sentence]);
  if (isAway) return <Away />;
  if (worst === undefined) return <Well since={latest(checks.map(({ since }) => since))} />;
  return (
    <>
      <section class={`sentence ${worst.level}`} aria-label="Status">
        <p>
          <strong>{worst.sentence}</strong>
          <Since time={worst.since} />
          {worst.consequence !== undefined && `; ${worst.consequence}`}
        </p>
        <div class="actions">
          <a class="button primary" href={worst.action.href}>
            {worst.action.text}
          </a>
        </div>
      </section>
      {worst.reasons.length > 0 && (
        <section class="card" aria-labelledby="what-to-do">
          <h2 id="what-to-do">What to do</h2>
          {worst.reasons.map((reason) => (
            <Advice key={reason.code} reason={reason} isBrief />
          ))}
        </section>
      )}
      {others.length > 0 && (
        <section aria-labelledby="also">
          <h2 id="also">Other problems</h2>
          <ul class="rows">
            {others.map((problem) => (
              <li key={problem.check}>
                <Other problem={problem} />
              </li>
            ))}
          </ul>
        </section>
      )}
    </>
  );
}

/** Replaces a link to a page that this viewer may not open by a link to the check. */
function withReachableAction(problem: Problem): Problem {
  const who = me.value;
  const [, page = ''] = /^#\/(\w+)/.exec(problem.action.href) ?? [];
  const isReachable =
    who && (page === 'services' ? isOperator(who) : page === 'health' || page === 'jobs' || seesRecords(who));
  return isReachable
    ? problem
    : {
        ...problem,
        action: { text: 'Open the check', href: href(['health'], { check: problem.check }) },
      };
}

function Other({ problem: { level, sentence, since, consequence, action } }: { problem: Problem }) {
  return (
    <div class="row spread">
      <span class={`status ${level} wraps`}>
        <span aria-hidden="true">{level === 'bad' ? '■' : '▲'}</span> {sentence}
        <Since time={since} />
        {consequence !== undefined && `; ${consequence}`}
      </span>
      <a href={action.href}>{action.text}</a>
    </div>
  );
}

function Since({ time }: { time: string | null }) {
  if (time === null) return null;
  return (
    <>
      {' '}
      since {timeText(time, now.value)} (<For since={time} />)
    </>
  );
}

function Well({ since }: { since: string | null }) {
  return (
    <section class="sentence" aria-label="Status">
      <p>
        <strong>All is well</strong>
        <Since time={since} />
      </p>
    </section>
  );
}

function Away() {
  return (
    <section class="sentence bad" aria-label="Status">
      <p>
        <strong>The api does not answer.</strong> What you see is{' '}
        {lastUpdateAt.value > 0 ? <>from {timeText(lastUpdateAt.value, now.value)}</> : 'out of date'}. The
        page keeps trying.
      </p>
      <div class="actions">
        <a href={href(['health'])}>See the last known checks</a>
      </div>
    </section>
  );
}

/** null when no time is known. */
const latest = (times: readonly (string | null)[]): string | null =>
  times
    .filter((time) => time !== null)
    .toSorted()
    .at(-1) ?? null;
