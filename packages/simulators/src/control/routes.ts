/** One entry of the control API. A `:name` segment of the path becomes a parameter. */
export interface Route {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  readonly handle: (request: ControlRequest) => ControlReply | Promise<ControlReply>;
}

export interface ControlRequest {
  /** Throws when the route has no such parameter. */
  readonly param: (name: string) => string;
  readonly query: URLSearchParams;
  /** The JSON object of the body; empty without a body. */
  readonly body: Readonly<Record<string, unknown>>;
}

export interface ControlReply {
  /** 200 unless given. */
  readonly status?: number;
  /** Sent as JSON, but for bytes that have a `type`. */
  readonly body?: unknown;
  readonly type?: string;
}

/** Becomes a problem+json answer. */
export class ControlError extends Error {
  readonly status: number;

  constructor(status: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.status = status;
  }
}

export interface Match {
  readonly route: Route;
  readonly params: ReadonlyMap<string, string>;
}

/** The route of a request; the methods there are for its path if only the method is wrong. */
export function matchRoute(
  routes: readonly Route[],
  method: string,
  pathname: string,
): Match | { allow: string[] } | undefined {
  const allow: string[] = [];
  for (const route of routes) {
    const params = matchPath(route.path, pathname);
    if (!params) continue;
    if (route.method === method) return { route, params };
    allow.push(route.method);
  }
  return allow.length > 0 ? { allow } : undefined;
}

function matchPath(pattern: string, pathname: string): Map<string, string> | undefined {
  const wanted = pattern.split('/');
  const given = pathname.split('/');
  if (wanted.length !== given.length) return undefined;
  const params = new Map<string, string>();
  for (const [index, segment] of wanted.entries()) {
    const value = given[index] ?? '';
    if (segment.startsWith(':')) params.set(segment.slice(1), decodeURIComponent(value));
    else if (segment !== value) return undefined;
  }
  return params;
}

/** A string of the body; 400 when it is missing. */
export function requireText(body: ControlRequest['body'], name: string): string {
  const value = optionalText(body, name);
  if (value === undefined || value === '') throw new ControlError(400, `"${name}" is required`);
  return value;
}

export function optionalText(body: ControlRequest['body'], name: string): string | undefined {
  const value = body[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string') throw new ControlError(400, `"${name}" must be a string`);
  return value;
}

export function optionalChoice<T extends string>(
  body: ControlRequest['body'],
  name: string,
  choices: readonly T[],
): T | undefined {
  const value = optionalText(body, name);
  const chosen = choices.find((choice) => choice === value);
  if (value !== undefined && chosen === undefined) {
    throw new ControlError(400, `"${name}" must be one of ${choices.join(', ')}`);
  }
  return chosen;
}

export function optionalTime(body: ControlRequest['body'], name: string): Date | undefined {
  const value = optionalText(body, name);
  if (value === undefined) return undefined;
  const time = new Date(value);
  if (Number.isNaN(time.getTime())) throw new ControlError(400, `"${name}" must be a time in ISO 8601`);
  return time;
}
