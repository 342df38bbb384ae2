import type { ServerResponse } from 'node:http';
import type { FastifyInstance, FastifyReply, RouteOptions } from 'fastify';
import { type MetricDefinition, REQUEST_BUCKETS } from '../metrics/catalogue.ts';
import type { Counter, Gauge, Histogram } from '../metrics/handles.ts';
import type { MetricsRegistry } from '../metrics/registry.ts';
import type { Labels } from '../metrics/column.ts';

export interface HttpMetricsOptions {
  /** Its catalogue must include `httpMetrics()`. */
  registry: MetricsRegistry;
  /** A value for each label that was passed to `httpMetrics`, such as the name of the service. */
  labels?: Labels;
}

type ExtraLabels = Readonly<Record<string, readonly string[]>>;

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'other'] as const;
/** `code` of a request whose client disconnected before the response was complete. */
const ABORTED = 'aborted';
/** `route` of requests that matched no route. Their paths are not used as labels, because anyone can choose them. */
const UNKNOWN_ROUTE = 'unknown';

/**
 * Definitions for the catalogue of the metrics that `instrumentHttp` counts.
 *
 * @param extra further labels of each metric with all their values, such as `{ service: ['api', 'worker'] }`
 */
export function httpMetrics(extra: ExtraLabels = {}): {
  http_requests: MetricDefinition & { type: 'counter' };
  http_request_duration_seconds: MetricDefinition & { type: 'histogram' };
  http_requests_in_flight: MetricDefinition & { type: 'gauge' };
} {
  return {
    http_requests: {
      type: 'counter',
      help: 'HTTP requests by method, route template and status code. aborted: the client disconnected before the answer',
      labels: { ...extra, method: methods, route: 'discovered', code: 'discovered' },
    },
    http_request_duration_seconds: {
      type: 'histogram',
      help: 'Time from the headers of an HTTP request to the end of its response',
      unit: 'seconds',
      labels: { ...extra, method: methods, route: 'discovered' },
      buckets: REQUEST_BUCKETS,
      onRequest: ['method', 'route'],
    },
    http_requests_in_flight: {
      type: 'gauge',
      help: 'HTTP requests in progress',
      ...(Object.keys(extra).length === 0 ? {} : { labels: extra }),
    },
  };
}

/**
 * The handles for one method of one route. Each is bound on first use: most routes never answer 5xx, and a series costs memory here, in
 * Redis and in every reader.
 */
export class RouteMetrics {
  #registry: MetricsRegistry;
  #labels: Labels;
  #inFlight: Gauge;
  #duration: Histogram | undefined;
  /** By status code; 0 for aborted requests. */
  #requests = new Map<number, Counter>();

  constructor(registry: MetricsRegistry, extra: Labels, route: { method: string; route: string }) {
    this.#registry = registry;
    this.#labels = { ...extra, ...route };
    this.#inFlight = registry.gauge('http_requests_in_flight', extra);
  }

  begin(): void {
    this.#inFlight.add(1);
  }

  /** @param status 0 for a request whose client disconnected */
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
 * Counts and times every request of a Fastify app, by route template. Call it before adding routes: only later ones are known by their
 * templates. It is a function and not a plugin, because a plugin would be loaded after the routes that are added next to it.
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
  // Fastify measures `reply.elapsedTime` only when there is an onResponse hook.
  app.addHook('onResponse', (_request, _reply, done) => done());
}

/** The metrics of a GET route; `undefined` when its app is not instrumented. */
export function routeMetrics({ config }: RouteOptions): RouteMetrics | undefined {
  const { [metricsOfRoute]: byMethod }: { [metricsOfRoute]?: ByMethod } = config ?? {};
  return byMethod?.['GET'];
}

/** A WebSocket route is not measured, because its response lasts as long as the socket. */
const isWebSocket = (route: RouteOptions): boolean => (route as { websocket?: boolean }).websocket === true;

function watch(route: RouteMetrics, reply: WatchedReply): void {
  route.begin();
  reply[metricsOfRoute] = route;
  const response = reply.raw as ServerResponse & { [replyOf]?: WatchedReply };
  response[replyOf] = reply;
  // Unlike Fastify's onResponse this also fires when the client has disconnected.
  response.on('close', end);
}

function end(this: ServerResponse & { [replyOf]?: WatchedReply }): void {
  const reply = this[replyOf]!;
  reply[metricsOfRoute].end(this.writableEnded ? this.statusCode : 0, reply.elapsedTime / 1000);
}
