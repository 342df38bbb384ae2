import type { ServerResponse } from 'node:http';
import type { FastifyInstance, FastifyReply, RouteOptions } from 'fastify';
import { type MetricDefinition, REQUEST_BUCKETS } from '../metrics/catalogue.ts';
import type { Counter, Gauge, Histogram } from '../metrics/handles.ts';
import type { MetricsRegistry } from '../metrics/registry.ts';
import type { Labels } from '../metrics/slot.ts';

export interface HttpMetricsOptions {
  /** Its catalogue has the definitions of `httpMetrics`. */
  registry: MetricsRegistry;
  /** Values of the labels that `httpMetrics` was given, such as the service's name. */
  labels?: Labels;
}

type More = Readonly<Record<string, readonly string[]>>;

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'other'] as const;
/** The code of a request whose client left before the answer. */
const ABORTED = 'aborted';
/** The route of requests that none matched: the paths of strangers are no label. */
const UNKNOWN_ROUTE = 'unknown';

/** For the catalogue: what `instrumentHttp` counts, with the labels in `more` put on each metric. */
export function httpMetrics(more: More = {}): {
  http_requests: MetricDefinition & { type: 'counter' };
  http_request_duration_seconds: MetricDefinition & { type: 'histogram' };
  http_requests_in_flight: MetricDefinition & { type: 'gauge' };
} {
  return {
    http_requests: {
      type: 'counter',
      help: 'HTTP requests by method, route template and status code; aborted: the client left before the answer',
      labels: { ...more, method: methods, route: 'discovered', code: 'discovered' },
    },
    http_request_duration_seconds: {
      type: 'histogram',
      help: 'Time from the head of an HTTP request to the end of its answer',
      unit: 'seconds',
      labels: { ...more, method: methods, route: 'discovered' },
      buckets: REQUEST_BUCKETS,
      onRequest: ['method', 'route'],
    },
    http_requests_in_flight: {
      type: 'gauge',
      help: 'HTTP requests that are being answered',
      ...(Object.keys(more).length === 0 ? {} : { labels: more }),
    },
  };
}

/**
 * The handles of one method of one route. Each is bound when it is needed first: most routes never answer 5xx, and a
 * series costs memory here, in Redis and in every reader.
 */
export class RouteMetrics {
  #registry: MetricsRegistry;
  #labels: Labels;
  #inFlight: Gauge;
  #duration: Histogram | undefined;
  /** By status code; 0 for those that their clients gave up. */
  #requests = new Map<number, Counter>();

  constructor(registry: MetricsRegistry, more: Labels, route: { method: string; route: string }) {
    this.#registry = registry;
    this.#labels = { ...more, ...route };
    this.#inFlight = registry.gauge('http_requests_in_flight', more);
  }

  begin(): void {
    this.#inFlight.add(1);
  }

  /** `status` is 0 for a request that the client gave up. */
  end(status: number, seconds: number): void {
    this.#inFlight.add(-1);
    (this.#requests.get(status) ?? this.#bindRequests(status)).add();
    (this.#duration ??= this.#registry.histogram('http_request_duration_seconds', this.#labels)).observe(
      seconds,
    );
  }

  #bindRequests(status: number): Counter {
    const code = status === 0 ? ABORTED : String(status);
    const requests = this.#registry.counter('http_requests', { ...this.#labels, code });
    this.#requests.set(status, requests);
    return requests;
  }
}

const metricsOfRoute = Symbol('prosaas.observability.route');
const replyOf = Symbol('prosaas.observability.reply');

type ByMethod = Partial<Record<string, RouteMetrics>>;

interface WatchedReply extends FastifyReply {
  [metricsOfRoute]: RouteMetrics;
}

/**
 * Counts and times every request of the app and of its plugins. A function and no plugin: the routes that are added after
 * the call are known by their templates, and a plugin would come after those that stand beside it.
 */
export function instrumentHttp(app: FastifyInstance, { registry, labels = {} }: HttpMetricsOptions): void {
  const known: readonly string[] = methods;
  const bind = (method: string, route: string): RouteMetrics =>
    new RouteMetrics(registry, labels, { method: known.includes(method) ? method : 'other', route });
  const unknown: ByMethod = {};

  app.addHook('onRoute', (route) => {
    if (isWebSocket(route)) return;
    const byMethod: ByMethod = {};
    for (const method of [route.method].flat()) byMethod[method] = bind(method, route.url);
    route.config = { ...route.config, [metricsOfRoute]: byMethod };
  });

  app.decorateReply(metricsOfRoute, null);
  app.addHook('onRequest', (request, reply, done) => {
    const { method } = request;
    const config = request.routeOptions.config as { url?: string; [metricsOfRoute]?: ByMethod } | undefined;
    const route =
      config?.url === undefined
        ? (unknown[method] ??= bind(method, UNKNOWN_ROUTE))
        : config[metricsOfRoute]?.[method];
    if (route) watch(route, reply as WatchedReply);
    done();
  });
  // With one such hook Fastify takes the time of every answer.
  app.addHook('onResponse', (_request, _reply, done) => done());
}

/** Of a `GET` route, where its app is instrumented. */
export function routeMetrics({ config }: RouteOptions): RouteMetrics | undefined {
  const { [metricsOfRoute]: byMethod }: { [metricsOfRoute]?: ByMethod } = config ?? {};
  return byMethod?.['GET'];
}

/** Its answer lasts as long as the socket: no request in the sense of these metrics. */
const isWebSocket = (route: RouteOptions): boolean => (route as { websocket?: boolean }).websocket === true;

function watch(route: RouteMetrics, reply: WatchedReply): void {
  route.begin();
  reply[metricsOfRoute] = route;
  const response = reply.raw as ServerResponse & { [replyOf]?: WatchedReply };
  response[replyOf] = reply;
  // Unlike Fastify's onResponse this comes for answers that their client gave up, too.
  response.on('close', end);
}

function end(this: ServerResponse & { [replyOf]?: WatchedReply }): void {
  const reply = this[replyOf]!;
  reply[metricsOfRoute].end(this.writableEnded ? this.statusCode : 0, reply.elapsedTime / 1000);
}
