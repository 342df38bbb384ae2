import { readFileSync, readdirSync } from 'node:fs';
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import type { MetricDefinition } from '../metrics/catalogue.ts';
import type { Gauge } from '../metrics/handles.ts';
import type { MetricsRegistry } from '../metrics/registry.ts';
import type { Labels } from '../metrics/column.ts';

export interface ProcessMetricsOptions {
  /** Its catalogue must include `processMetrics()`. */
  registry: MetricsRegistry;
  /** A value for each label that was passed to `processMetrics`, such as the name of the service. */
  labels?: Labels;
  /** Monotonic clock in ms; `performance.now` by default. */
  now?: () => number;
}

/** The last measurement; zeros before the first collection. */
export interface ProcessStats {
  readonly residentMemoryBytes: number;
  readonly heapUsedBytes: number;
  /** Over the last one to two minutes. */
  readonly eventLoopDelayP99Seconds: number;
}

/** Measures until it is disposed of. */
export interface ProcessInstrument extends Disposable {
  last(): ProcessStats;
}

type ExtraLabels = Readonly<Record<string, readonly string[]>>;
type CounterOf = MetricDefinition & { type: 'counter' };
type GaugeOf = MetricDefinition & { type: 'gauge' };

/**
 * Definitions for the catalogue of the metrics that `instrumentProcess` measures. Names and meanings are those of
 * https://github.com/siimon/prom-client, so that its dashboards work. Over several processes a gauge shows the sum or the highest value.
 *
 * @param extra further labels of each metric with all their values, such as `{ service: ['api', 'worker'] }`
 */
export function processMetrics(extra: ExtraLabels = {}): {
  process_cpu_user_seconds: CounterOf;
  process_cpu_system_seconds: CounterOf;
  process_cpu_seconds: CounterOf;
  process_start_time_seconds: GaugeOf;
  process_resident_memory_bytes: GaugeOf;
  process_open_fds: GaugeOf;
  process_max_fds: GaugeOf;
  nodejs_heap_size_total_bytes: GaugeOf;
  nodejs_heap_size_used_bytes: GaugeOf;
  nodejs_external_memory_bytes: GaugeOf;
  nodejs_active_resources: GaugeOf;
  nodejs_eventloop_lag_p50_seconds: GaugeOf;
  nodejs_eventloop_lag_p99_seconds: GaugeOf;
  nodejs_eventloop_lag_max_seconds: GaugeOf;
  nodejs_eventloop_utilization_ratio: GaugeOf;
  nodejs_version_info: GaugeOf;
} {
  const named = { standard: true, labels: extra } as const;
  const counter = (help: string): CounterOf => ({ type: 'counter', help, unit: 'seconds', ...named });
  const bytes = (help: string): GaugeOf => ({ type: 'gauge', help, unit: 'bytes', ...named });
  const worst = (help: string, unit?: string): GaugeOf => ({
    type: 'gauge',
    help,
    ...(unit !== undefined && { unit }),
    aggregate: 'max',
    ...named,
  });
  const lag = (what: string): GaugeOf =>
    worst(
      `${what} of event loop delay in the last one to two minutes; the highest of all processes`,
      'seconds',
    );
  return {
    process_cpu_user_seconds: counter('CPU time spent in user mode'),
    process_cpu_system_seconds: counter('CPU time spent in the kernel'),
    process_cpu_seconds: counter('CPU time spent in user mode and in the kernel'),
    process_start_time_seconds: worst('Start time of the process that started last, in Unix time', 'seconds'),
    process_resident_memory_bytes: bytes('Resident memory'),
    process_open_fds: { ...worst('Open file descriptors; the highest of all processes'), optional: true },
    process_max_fds: {
      ...worst('File descriptors that a process may open; the highest of all processes'),
      optional: true,
    },
    nodejs_heap_size_total_bytes: bytes('Reserved JavaScript heap'),
    nodejs_heap_size_used_bytes: bytes('Used JavaScript heap'),
    nodejs_external_memory_bytes: bytes('Memory of objects outside the V8 heap, including buffers'),
    nodejs_active_resources: {
      type: 'gauge',
      help: 'Sockets, timers, requests and other things that keep the event loop alive',
      ...named,
    },
    nodejs_eventloop_lag_p50_seconds: lag('Median'),
    nodejs_eventloop_lag_p99_seconds: lag('99th percentile'),
    nodejs_eventloop_lag_max_seconds: lag('Maximum'),
    nodejs_eventloop_utilization_ratio: worst(
      'Share of the last interval in which the event loop was busy; the highest of all processes',
      'ratio',
    ),
    nodejs_version_info: {
      ...worst('1 for each version of Node.js that runs'),
      labels: {
        ...extra,
        version: 'discovered',
        major: 'discovered',
        minor: 'discovered',
        patch: 'discovered',
      },
    },
  };
}

/** Measures CPU, memory, open files and the event loop of this process before each collection of the registry. */
export function instrumentProcess({
  registry,
  labels = {},
  now = performance.now.bind(performance),
}: ProcessMetricsOptions): ProcessInstrument {
  const user = registry.counter('process_cpu_user_seconds', labels);
  const system = registry.counter('process_cpu_system_seconds', labels);
  const both = registry.counter('process_cpu_seconds', labels);
  const gauge = (name: string): Gauge => registry.gauge(name, labels);
  const resident = gauge('process_resident_memory_bytes');
  const reserved = gauge('nodejs_heap_size_total_bytes');
  const heap = gauge('nodejs_heap_size_used_bytes');
  const external = gauge('nodejs_external_memory_bytes');
  const resources = gauge('nodejs_active_resources');
  const p50 = gauge('nodejs_eventloop_lag_p50_seconds');
  const p99 = gauge('nodejs_eventloop_lag_p99_seconds');
  const longest = gauge('nodejs_eventloop_lag_max_seconds');
  const utilization = gauge('nodejs_eventloop_utilization_ratio');
  gauge('process_start_time_seconds').set(performance.timeOrigin / 1000);
  const [major = '', minor = '', patch = ''] = process.versions.node.split('.');
  const version = { version: process.version, major, minor, patch };
  registry.gauge('nodejs_version_info', { ...labels, ...version }).set(1);
  const descriptors = openDescriptors();
  const open = descriptors && gauge('process_open_fds');
  if (descriptors?.limit !== undefined) gauge('process_max_fds').set(descriptors.limit);

  const delay = new EventLoopDelay(now());
  let cpu = { user: 0, system: 0 };
  let loop = performance.eventLoopUtilization();
  let isDisposed = false;
  let last: ProcessStats = { residentMemoryBytes: 0, heapUsedBytes: 0, eventLoopDelayP99Seconds: 0 };

  registry.onCollect(() => {
    if (isDisposed) return;
    const used = process.cpuUsage();
    const [inUserMode, inKernel] = [used.user - cpu.user, used.system - cpu.system].map(
      (microseconds) => Math.max(0, microseconds) / 1e6,
    ) as [number, number];
    user.add(inUserMode);
    system.add(inKernel);
    both.add(inUserMode + inKernel);
    cpu = used;

    const memory = process.memoryUsage();
    resident.set(memory.rss);
    reserved.set(memory.heapTotal);
    heap.set(memory.heapUsed);
    external.set(memory.external);
    resources.set(process.getActiveResourcesInfo().length);
    if (open && descriptors) open.set(descriptors.count());

    const current = performance.eventLoopUtilization();
    utilization.set(performance.eventLoopUtilization(current, loop).utilization || 0);
    loop = current;
    delay.advance(now());
    p50.set(delay.seconds(50));
    p99.set(delay.seconds(99));
    longest.set(delay.seconds(100));
    last = {
      residentMemoryBytes: memory.rss,
      heapUsedBytes: memory.heapUsed,
      eventLoopDelayP99Seconds: delay.seconds(99),
    };
  });
  return {
    last: () => last,
    [Symbol.dispose]() {
      isDisposed = true;
      delay[Symbol.dispose]();
    },
  };
}

/** `undefined` on systems other than Linux. */
function openDescriptors(): { count: () => number; limit: number | undefined } | undefined {
  const folder = '/proc/self/fd';
  try {
    // Without the descriptor of the folder itself, which is open while it is read.
    const count = (): number => readdirSync(folder).length - 1;
    count();
    const soft = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
    return { count, limit: soft === undefined ? undefined : Number(soft) };
  } catch {
    return undefined;
  }
}

type Monitor = ReturnType<typeof monitorEventLoopDelay>;

const RESOLUTION_MS = 20;
const WINDOW_MS = 60_000;

/**
 * Event loop delays of the last one to two minutes. A monitor misses a block that comes right after it was enabled or reset. Therefore the
 * monitor of a window overlaps with the next one for a moment.
 */
class EventLoopDelay implements Disposable {
  #current = startMonitor();
  #previous: Monitor | undefined;
  #began: number;
  #overlapping = false;

  constructor(now: number) {
    this.#began = now;
  }

  /** Begins a new window when the current one is over. To be called about once a second. */
  advance(now: number): void {
    if (this.#overlapping && this.#current.count > 1) {
      this.#previous?.disable();
      this.#overlapping = false;
    }
    if (now - this.#began < WINDOW_MS) return;
    this.#previous?.disable();
    this.#previous = this.#current;
    this.#current = startMonitor();
    this.#began = now;
    this.#overlapping = true;
  }

  /** @param percent 100 for the maximum */
  seconds(percent: number): number {
    return Math.max(delaySeconds(this.#current, percent), delaySeconds(this.#previous, percent));
  }

  [Symbol.dispose](): void {
    this.#current.disable();
    this.#previous?.disable();
  }
}

function startMonitor(): Monitor {
  const monitor = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  monitor.enable();
  return monitor;
}

/** The monitor's values include its own resolution: https://nodejs.org/api/perf_hooks.html#perf_hooksmonitoreventloopdelayoptions */
function delaySeconds(monitor: Monitor | undefined, percent: number): number {
  if (!monitor || monitor.count === 0) return 0;
  const nanoseconds = percent === 100 ? monitor.max : monitor.percentile(percent);
  return Math.max(0, nanoseconds / 1e9 - RESOLUTION_MS / 1000);
}
