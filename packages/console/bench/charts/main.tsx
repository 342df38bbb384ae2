// Twenty charts of one hour, each with a new point every second: ten times as often as in the console.
import { signal } from '@preact/signals';
import { render } from 'preact';
import { Chart, type ChartData } from '../../app/kit/chart.tsx';
import { numberText } from '../../app/lib/format.ts';
import '../../app/styles/main.css';

const POINTS = 360;
const charts = Array.from({ length: 20 }, (_, index) => ({
  title: `Figure ${index + 1}`,
  data: signal<ChartData>({
    times: Array.from({ length: POINTS }, (_point, at) => at * 10),
    values: Array.from({ length: POINTS }, (_point, at) => 50 + 40 * Math.sin((at + index * 17) / 20)),
  }),
}));

setInterval(() => {
  for (const { data } of charts) {
    const { times, values } = data.value;
    const last = times.at(-1) ?? 0;
    data.value = {
      times: [...times.slice(1), last + 10],
      values: [...values.slice(1), 50 + 40 * Math.sin(last / 200)],
    };
  }
}, 1000);

function Live({ title, data }: (typeof charts)[number]) {
  return <Chart title={title} data={data.value} format={numberText} />;
}

render(
  <main class="grid charts">
    {charts.map((chart) => (
      <Live key={chart.title} {...chart} />
    ))}
  </main>,
  document.getElementById('root')!,
);
