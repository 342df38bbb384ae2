import { useComputed } from '@preact/signals';
import { Loading } from '../kit/empty.tsx';
import { me } from '../lib/api.ts';
import { Chart } from '../kit/chart.tsx';
import { numberText } from '../lib/format.ts';
import { history } from '../lib/history.ts';
import { live } from '../lib/live.ts';
import type { SeriesName } from '../lib/live-values.ts';
import { type PageDefinition, isOperator, seesRecords } from '../lib/page.ts';
import { ChatsSummary } from './overview/chats.tsx';
import { Headline } from './overview/headline.tsx';

export const page: PageDefinition = {
  path: '',
  title: 'Overview',
  order: 0,
  seenBy: () => true,
  View: Overview,
};

const perMinute = (value: number): string => `${numberText(value)} / min`;

const CHARTS: readonly [name: SeriesName, title: string, format: (value: number) => string][] = [
  ['messages_in_per_minute', 'Messages in', perMinute],
  ['messages_out_per_minute', 'Messages out', perMinute],
  ['answer_seconds', 'Time to answer', (value) => `${numberText(value)} s`],
  ['chats_waiting', 'Chats waiting', numberText],
  ['calls_active', 'Calls', numberText],
  ['jobs_open', 'Jobs open', numberText],
  ['jobs_done_per_minute', 'Jobs done', perMinute],
  ['jobs_failed_per_minute', 'Jobs failed', perMinute],
];

function Overview() {
  const who = me.value;
  if (!who) return null;
  return (
    <div class="stack">
      <h1>Overview</h1>
      {live('health') === undefined ? <Loading rows={2} /> : <Headline />}
      {seesRecords(who) && <ChatsSummary />}
      {isOperator(who) && (
        <section class="stack" aria-labelledby="last-hour">
          <h2 id="last-hour">The last hour</h2>
          <div class="grid charts">
            {CHARTS.map(([name, title, format]) => (
              <SeriesChart key={name} name={name} title={title} format={format} />
            ))}
          </div>
        </section>
      )}
    </div>
  );
}

function SeriesChart({
  name,
  title,
  format,
}: {
  name: SeriesName;
  title: string;
  format: (value: number) => string;
}) {
  const data = useComputed(() => ({ times: history.value.times, values: history.value.series[name] ?? [] }));
  return <Chart title={title} data={data.value} format={format} />;
}
