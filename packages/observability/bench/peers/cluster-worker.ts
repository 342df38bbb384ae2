// One worker of prom-client's cluster aggregation, with 200 series.
import prom from 'prom-client';

void new prom.AggregatorRegistry();
for (let metric = 0; metric < 4; metric++) {
  const Metric = metric % 3 === 2 ? prom.Gauge : prom.Counter;
  const one = new Metric({ name: `metric_${metric}`, help: 'Help.', labelNames: ['kind'] });
  for (let i = 0; i < 50; i++) one.inc({ kind: `kind_${i}` }, 1);
}
