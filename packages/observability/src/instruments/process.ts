import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import type { MetricDefinition } from '../metrics/catalogue.ts';
import type { MetricsRegistry } from '../metrics/registry.ts';
import type { Labels } from '../metrics/slot.ts';

export interface ProcessMetricsOptions {
  /** Its catalogue has the definitions of `processMetrics`. */
  registry: MetricsRegistry;
  /** Values of the labels that `processMetrics` was given, such as the service's name. */
  labels?: Labels;
  now?: () => number;
}

/** What was measured last; zeros before the first collection. */
export interface ProcessReading {
  readonly residentMemoryBytes: number;
  readonly heapUsedBytes: number;
  /** Of the last one to two minutes. */
  readonly eventLoopDelayP99Seconds: number;
}

export interface ProcessMeasurement extends Disposable {
  last(): ProcessReading;
}

type More = Readonly<Record<string, readonly string[]>>;
type CounterOf = MetricDefinition & { type: 'counter' };
type GaugeOf = MetricDefinition & { type: 'gauge' };

/** For the catalogue: what `instrumentProcess` measures, with the labels in `more` put on each metric. */
export function processMetrics(more: More = {}): {
  process_cpu_user_seconds: CounterOf;
  process_cpu_system_seconds: CounterOf;
  process_resident_memory_bytes: GaugeOf;
  process_heap_used_bytes: GaugeOf;
  process_external_memory_bytes: GaugeOf;
  process_open_handles: GaugeOf;
  process_event_loop_utilization_ratio: GaugeOf;
  process_event_loop_delay_p99_seconds: GaugeOf;
  process_event_loop_delay_max_seconds: GaugeOf;
} {
  const labels = Object.keys(more).length === 0 ? {} : { labels: more };
  const counter = (help: string): CounterOf => ({ type: 'counter', help, unit: 'seconds', ...labels });
  const bytes = (help: string): GaugeOf => ({ type: 'gauge', help, unit: 'bytes', ...labels });
  const worst = (unit: string, help: string): GaugeOf => ({
    type: 'gauge',
    help,
    unit,
    aggregate: 'max',
    ...labels,
  });
  return {
    process_cpu_user_seconds: counter('CPU time spent in user mode'),
    process_cpu_system_seconds: counter('CPU time spent in the kernel'),
    process_resident_memory_bytes: bytes('Resident memory'),
    process_heap_used_bytes: bytes('JavaScript heap in use'),
    process_external_memory_bytes: bytes(
      'Memory of objects that V8 holds outside its heap, buffers included',
    ),
    process_open_handles: {
      type: 'gauge',
      help: 'Sockets, timers, requests and other things that keep the event loop alive',
      ...labels,
    },
    process_event_loop_utilization_ratio: worst(
      'ratio',
      'Share of the last interval in which the event loop was busy; the highest of all processes',
    ),
    process_event_loop_delay_p99_seconds: worst(
      'seconds',
      '99th percentile of event loop delay in the last one to two minutes; the highest of all processes',
    ),
    process_event_loop_delay_max_seconds: worst(
      'seconds',
      'Longest event loop delay in the last one to two minutes; the highest of all processes',
    ),
  };
}

/** Measures this process before each collection of the registry, until it is disposed of. */
export function instrumentProcess({
  registry,
  labels = {},
  now = performance.now.bind(performance),
}: ProcessMetricsOptions): ProcessMeasurement {
  const user = registry.counter('process_cpu_user_seconds', labels);
  const system = registry.counter('process_cpu_system_seconds', labels);
  const resident = registry.gauge('process_resident_memory_bytes', labels);
  const heap = registry.gauge('process_heap_used_bytes', labels);
  const external = registry.gauge('process_external_memory_bytes', labels);
  const handles = registry.gauge('process_open_handles', labels);
  const utilization = registry.gauge('process_event_loop_utilization_ratio', labels);
  const p99 = registry.gauge('process_event_loop_delay_p99_seconds', labels);
  const longest = registry.gauge('process_event_loop_delay_max_seconds', labels);

  const delay = new EventLoopDelay(now());
  let cpu = { user: 0, system: 0 };
  let loop = performance.eventLoopUtilization();
  let ended = false;
  let last: ProcessReading = { residentMemoryBytes: 0, heapUsedBytes: 0, eventLoopDelayP99Seconds: 0 };

  registry.onCollect(() => {
    if (ended) return;
    const used = process.cpuUsage();
    user.add(Math.max(0, used.user - cpu.user) / 1e6);
    system.add(Math.max(0, used.system - cpu.system) / 1e6);
    cpu = used;

    const memory = process.memoryUsage();
    resident.set(memory.rss);
    heap.set(memory.heapUsed);
    external.set(memory.external);
    handles.set(process.getActiveResourcesInfo().length);

    const turned = performance.eventLoopUtilization();
    utilization.set(performance.eventLoopUtilization(turned, loop).utilization || 0);
    loop = turned;
    delay.turn(now());
    p99.set(delay.p99Seconds);
    longest.set(delay.maxSeconds);
    last = {
      residentMemoryBytes: memory.rss,
      heapUsedBytes: memory.heapUsed,
      eventLoopDelayP99Seconds: delay.p99Seconds,
    };
  });
  return {
    last: () => last,
    [Symbol.dispose]() {
      ended = true;
      delay[Symbol.dispose]();
    },
  };
}

type Monitor = ReturnType<typeof monitorEventLoopDelay>;

const RESOLUTION_MS = 20;
const WINDOW_MS = 60_000;

/**
 * Delays of the last one to two minutes. A monitor that is reset, or was just enabled, misses the block that follows: so a
 * window's monitor runs beside the next one for a moment before it stops.
 */
class EventLoopDelay implements Disposable {
  #current = startMonitor();
  #previous: Monitor | undefined;
  #began: number;
  #overlapping = false;

  constructor(now: number) {
    this.#began = now;
  }

  /** Called about once a second. */
  turn(now: number): void {
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

  get maxSeconds(): number {
    return Math.max(delaySeconds(this.#current, 'max'), delaySeconds(this.#previous, 'max'));
  }

  get p99Seconds(): number {
    return Math.max(delaySeconds(this.#current, 'p99'), delaySeconds(this.#previous, 'p99'));
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

/** What the monitor records includes the time that it waits itself. */
function delaySeconds(monitor: Monitor | undefined, what: 'max' | 'p99'): number {
  if (!monitor || monitor.count === 0) return 0;
  const nanoseconds = what === 'max' ? monitor.max : monitor.percentile(99);
  return Math.max(0, nanoseconds / 1e9 - RESOLUTION_MS / 1000);
}
