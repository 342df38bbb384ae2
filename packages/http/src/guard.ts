import type { KeyRing, Keys } from '@prosaas/runtime';
import type { FastifyReply, FastifyRequest } from 'fastify';
import {
  CrossSiteRequest,
  Forbidden,
  KeysNotLoaded,
  MetricsTokenRequired,
  Unauthenticated,
} from './auth-errors.ts';
import {
  type CredentialKind,
  type Credentials,
  type Principal,
  type Role,
  looksLikePersonKey,
  principalsOf,
} from './keys.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Set by `guard`. */
    principal?: Principal;
    /** The record that the audit log names. A handler sets it where no path parameter names the record. */
    auditTarget?: string;
    /** Set by `guard`: the sign-in token, when a cookie and not a key authenticated the request. */
    signIn?: string;
    /** Set by `guard`: adds this request to the audit log. Called when the answer is sent. */
    recordUse?: (() => void) | undefined;
  }
  interface FastifyContextConfig {
    /** Adds each request of the route to the audit log, whatever its key. Requests with an admin's key are added on every route. */
    audited?: boolean;
  }
}

/** The part of a key ring that guards use. */
export interface GuardKeys extends Pick<KeyRing, 'current' | 'people'> {
  /** The principal of a sign-in, by the token in its cookie. Undefined if there is no such sign-in, or it has ended. */
  signedIn?: ((token: string, request: FastifyRequest) => Promise<Principal | undefined>) | undefined;
}

/** Set without `Path`, so the browser sends it only to paths next to that of the sign-in, whatever prefix a proxy adds. */
export const signInCookie = 'prosaas_sign_in';
/** Guards against CSRF: a page of another site cannot send this header without a CORS preflight. */
const CSRF_HEADER = 'x-requested-with';

/** A hook for `onRequest`, which runs before the body is read, or for `preHandler`. */
export type Guard = (request: FastifyRequest, reply: FastifyReply) => Promise<void>;

/** A request for the audit log. */
export interface AuditedUse {
  role: Role;
  /** Set for an API key or a person. */
  businessId?: string;
  person?: NonNullable<Principal['person']>;
  action: string;
  requestId: string;
  /** Remote address of the connection, which may be a proxy's. Headers that claim another one can be forged. */
  address: string;
  params: Readonly<Record<string, string>>;
  target?: string;
  /** Another service forwarded the request: see `GuardOptions.authenticateForwarded`. */
  forwarded: boolean;
}

export interface GuardOptions {
  roles: readonly Role[];
  /**
   * Called for each request of an admin, each forwarded request, and each request to an `audited` route, except those of our own
   * services. Leaves out an admin's reads through a sign-in, except on an `audited` route.
   */
  audit?: (use: AuditedUse, request: FastifyRequest) => void;
  /**
   * Authenticates a request that another of our services forwards: the principals that it is forwarded for, none if its signature is
   * invalid. Returns undefined for a request that is not forwarded; its own keys count then.
   */
  authenticateForwarded?: (
    request: FastifyRequest,
    reply: FastifyReply,
    keys: Keys,
  ) => readonly Principal[] | undefined;
}

/** Role -> other roles that may do everything it may. */
const HIGHER_ROLES: Readonly<Partial<Record<Role, readonly Role[]>>> = {
  metrics: ['admin'],
  business: ['staff', 'owner', 'admin'],
  owner: ['admin'],
};

/**
 * Lets in the given roles and those above them: the people of a business may do what its API key may, an admin everything. Answers
 * 401 without a valid key, 403 with a valid key of another role, and 503 while the keys are not loaded.
 */
export function guard(keyRing: GuardKeys, { roles, audit, authenticateForwarded }: GuardOptions): Guard {
  const allowed = new Set<Role>(roles.flatMap((role) => [role, ...(HIGHER_ROLES[role] ?? [])]));
  return async (request, reply) => {
    const keys = currentKeys(keyRing);
    const forwardedFor = authenticateForwarded?.(request, reply, keys);
    const isForwarded = forwardedFor !== undefined;
    const credentials = credentialsOf(request);
    const principals =
      forwardedFor ??
      (await authenticateSignIn(keyRing, request, credentials)) ??
      principalsOf(keys, credentials, keyRing.people());
    if (principals.length === 0) {
      if (!isForwarded && keyRing.people() === undefined && looksLikePersonKey(credentials))
        throw new KeysNotLoaded();
      reply.header('www-authenticate', 'Bearer');
      throw new Unauthenticated();
    }
    const principal = principals.find(({ role }) => allowed.has(role));
    if (principal === undefined) throw new Forbidden(roles);
    request.principal = principal;
    const isAudited = request.routeOptions.config.audited === true && principal.role !== 'internal';
    // An open console reads all the time: an admin's reads there are not audited, only what the admin changes.
    const isConsoleRead = request.signIn !== undefined && isRead(request.method);
    if ((principal.role === 'admin' && !isConsoleRead) || isForwarded || isAudited)
      request.recordUse = () => audit?.(auditedUse(request, principal, isForwarded), request);
  };
}

/** The principal of a sign-in cookie. Undefined if the request has a key, which takes precedence, or no sign-in cookie. */
async function authenticateSignIn(
  keyRing: GuardKeys,
  request: FastifyRequest,
  credentials: Credentials,
): Promise<Principal[] | undefined> {
  const token = signInTokenOf(request);
  if (token === undefined || keyRing.signedIn === undefined || Object.keys(credentials).length > 0)
    return undefined;
  const principal = await keyRing.signedIn(token, request);
  if (principal === undefined) return [];
  refuseCrossSite(request);
  request.signIn = token;
  return [principal];
}

/** The token in the sign-in cookie, if it has the form of one of ours. */
export function signInTokenOf({ headers }: FastifyRequest): string | undefined {
  return new RegExp(`(?:^|; *)${signInCookie}=([\\w-]{43}\\.[\\w-]{22})(?:;|$)`).exec(
    headers.cookie ?? '',
  )?.[1];
}

/**
 * Refuses a cookie that another site's page made the browser send. `SameSite=Strict` already prevents that; this also covers browsers
 * that do not support it. @throws CrossSiteRequest
 */
export function refuseCrossSite({ method, headers }: FastifyRequest): void {
  const site = headers['sec-fetch-site'];
  const isForeign = site !== undefined && site !== 'same-origin' && site !== 'none';
  if (isForeign || (!isRead(method) && headers[CSRF_HEADER] === undefined)) throw new CrossSiteRequest();
}

const isRead = (method: string): boolean => method === 'GET' || method === 'HEAD';

/** For `/metrics*`: accepts `Authorization: Bearer` or `?token=`. The key of any role but `metrics` and `admin` is answered 401. */
export function metricsGuard(keyRing: GuardKeys): Guard {
  return async (request, reply) => {
    currentKeys(keyRing);
    if (mayReadMetrics(keyRing, request)) return;
    reply.header('www-authenticate', 'Bearer');
    throw new MetricsTokenRequired();
  };
}

/** Whether the sender may see addresses, versions and error texts in health answers. */
export function canSeeDetails(keyRing: GuardKeys): (request: FastifyRequest) => boolean {
  return (request) => mayReadMetrics(keyRing, request);
}

function mayReadMetrics(keyRing: GuardKeys, request: FastifyRequest): boolean {
  const keys = keyRing.current();
  if (keys === undefined) return false;
  return principalsOf(keys, credentialsOf(request), keyRing.people()).some(
    ({ role }) => role === 'metrics' || role === 'admin',
  );
}

function currentKeys(keyRing: GuardKeys): Keys {
  const keys = keyRing.current();
  if (keys === undefined) throw new KeysNotLoaded();
  return keys;
}

function credentialsOf(request: FastifyRequest): Credentials {
  const { headers } = request;
  const bearer = /^bearer +(\S+) *$/i.exec(headers.authorization ?? '')?.[1];
  return {
    ...credential('bearer', bearer),
    ...credential('apiKey', headers['x-api-key']),
    ...credential('adminKey', headers['x-admin-key']),
    ...credential('internalSecret', headers['x-internal-secret']),
    ...credential('queryToken', (request.query as Record<string, unknown> | undefined)?.['token']),
  };
}

/** A repeated header or parameter is an array, which is not accepted as a key. */
function credential(kind: CredentialKind, value: unknown): Credentials {
  return typeof value === 'string' ? { [kind]: value } : {};
}

/** The audit log's view of a request by `principal`. */
export function auditedUse(
  request: FastifyRequest,
  { role, businessId, person }: Principal,
  forwarded = false,
): AuditedUse {
  return {
    role,
    ...(businessId !== undefined && { businessId }),
    ...(person !== undefined && { person }),
    action: `${request.method} ${request.routeOptions.url ?? ''}`,
    requestId: request.id,
    // An IPv6 socket shows an IPv4 address in its mapped form.
    address: request.ip.replace(/^::ffff:/, ''),
    ...(request.auditTarget !== undefined && { target: request.auditTarget }),
    params: { ...(request.params as Record<string, string> | undefined) },
    forwarded,
  };
}
