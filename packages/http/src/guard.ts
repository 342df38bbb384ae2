import { AppError, type KeyRing, type Keys } from '@prosaas/runtime';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type Credentials, type Principal, type Role, looksLikePersonKey, principalsOf } from './keys.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Set by `guard`. */
    principal?: Principal;
    /** The record that the audit log names, where no parameter of the path does: a handler sets it. */
    auditTarget?: string;
    /** Set by `guard`: who asks is known by the cookie of a sign-in, not by a key. */
    signIn?: string;
    /** Set by `guard`: tells the audit of this use once it is answered. */
    recordUse?: (() => void) | undefined;
  }
  interface FastifyContextConfig {
    /** Each use is a line of the audit log, with whatever key; a use by the admin key is one on every route. */
    audited?: boolean;
  }
}

/** What doors need of a key ring. */
export interface GuardKeys extends Pick<KeyRing, 'current' | 'people'> {
  /** Who signed in, by the token of the cookie; undefined where nobody did, or it has ended. */
  signedIn?: ((token: string, request: FastifyRequest) => Promise<Principal | undefined>) | undefined;
}

/** The cookie of a sign-in. Without `Path` it goes to the paths beside that of the sign-in alone, under whatever prefix. */
export const signInCookie = 'prosaas_sign_in';
/** What a page of another site cannot send along without being allowed to: changes by cookie need it. */
const ownPageHeader = 'x-requested-with';

/** Fits `onRequest` (before the body is read: the better place) and `preHandler`. */
export type Guard = (request: FastifyRequest, reply: FastifyReply) => Promise<void>;

/** One request that is worth a line in the audit log. */
export interface AuditedUse {
  role: Role;
  /** Of a business' own key, or a person's. */
  businessId?: string;
  person?: NonNullable<Principal['person']>;
  action: string;
  requestId: string;
  /** Of the connection, which may be a proxy's: what a header says of it, everyone can write. */
  address: string;
  params: Readonly<Record<string, string>>;
  target?: string;
  /** Not by a key of the request: see `vouch`. */
  vouched: boolean;
}

export interface GuardOptions {
  roles: readonly Role[];
  /**
   * Told of each request that an administrator's key opened, of each that somebody vouched for, and on `audited` routes of every
   * one but those of our own services.
   */
  audit?: (use: AuditedUse, request: FastifyRequest) => void;
  /**
   * Who sends a request whose own keys do not say it: another replica forwards it, and tells for whom. Nobody where it cannot be
   * believed; undefined where the keys of the request count.
   */
  vouch?: (request: FastifyRequest, reply: FastifyReply, keys: Keys) => readonly Principal[] | undefined;
}

/** Whoever may do what the role may. */
const alsoOpenedBy: Readonly<Partial<Record<Role, readonly Role[]>>> = {
  metrics: ['admin'],
  business: ['staff', 'owner', 'admin'],
  owner: ['admin'],
};

/**
 * Lets in who has one of `roles`, or may do what they may: the people of a business what its API key may, an admin all of it. 401 without a valid key, 403 with one of the
 * wrong role, 503 while the keys are not known yet.
 */
export function guard(keyRing: GuardKeys, { roles, audit, vouch }: GuardOptions): Guard {
  const allowed = new Set<Role>(roles.flatMap((role) => [role, ...(alsoOpenedBy[role] ?? [])]));
  return async (request, reply) => {
    const keys = currentKeys(keyRing);
    const vouched = vouch?.(request, reply, keys);
    const shownHere = credentialsOf(request);
    const principals =
      vouched ??
      (await signedIn(keyRing, request, shownHere)) ??
      principalsOf(keys, shownHere, keyRing.people());
    if (principals.length === 0) {
      if (vouched === undefined && keyRing.people() === undefined && looksLikePersonKey(shownHere))
        throw keysNotLoaded();
      reply.header('www-authenticate', 'Bearer');
      throw new AppError('This needs a key, and none that is valid was sent', {
        status: 401,
        code: 'UNAUTHENTICATED',
      });
    }
    const principal = principals.find(({ role }) => allowed.has(role));
    if (principal === undefined)
      throw new AppError('This key does not open this', { status: 403, code: 'FORBIDDEN' });
    request.principal = principal;
    const isAudited = request.routeOptions.config.audited === true && principal.role !== 'internal';
    // An open console reads all the time: what an administrator does there is told, not that she looks.
    const isLook = request.signIn !== undefined && isRead(request.method);
    if ((principal.role === 'admin' && !isLook) || vouched !== undefined || isAudited)
      request.recordUse = () => audit?.(auditedUse(request, principal, vouched !== undefined), request);
  };
}

/** Who asks by a cookie; undefined where the request shows a key, or no cookie of ours. */
async function signedIn(
  keyRing: GuardKeys,
  request: FastifyRequest,
  shownHere: Credentials,
): Promise<Principal[] | undefined> {
  const token = signInTokenOf(request);
  if (token === undefined || keyRing.signedIn === undefined || Object.keys(shownHere).length > 0)
    return undefined;
  const principal = await keyRing.signedIn(token, request);
  if (principal === undefined) return [];
  refuseOtherSites(request);
  request.signIn = token;
  return [principal];
}

/** Of the form that ours have. */
export function signInTokenOf({ headers }: FastifyRequest): string | undefined {
  return new RegExp(`(?:^|; *)${signInCookie}=([\\w-]{43}\\.[\\w-]{22})(?:;|$)`).exec(
    headers.cookie ?? '',
  )?.[1];
}

/**
 * The browser sends the cookie (SameSite=Strict) with requests of our own page alone; a browser that does not know better is
 * stopped here.
 */
export function refuseOtherSites({ method, headers }: FastifyRequest): void {
  const site = headers['sec-fetch-site'];
  const isForeign = site !== undefined && site !== 'same-origin' && site !== 'none';
  if (isForeign || (!isRead(method) && headers[ownPageHeader] === undefined))
    throw new AppError('Only the console itself may use its sign-in for this', {
      status: 403,
      code: 'CROSS_SITE_REQUEST',
    });
}

const isRead = (method: string): boolean => method === 'GET' || method === 'HEAD';

/** For `/metrics*`: `Authorization: Bearer` or `?token=`. A key of another role is no key here. */
export function metricsGuard(keyRing: GuardKeys): Guard {
  return async (request, reply) => {
    currentKeys(keyRing);
    if (opensMetrics(keyRing, request)) return;
    reply.header('www-authenticate', 'Bearer');
    throw new AppError('This needs the metrics token', { status: 401, code: 'UNAUTHENTICATED' });
  };
}

/** Whether the sender may see addresses, versions and error texts in the bodies of health. */
export function canSeeDetails(keyRing: GuardKeys): (request: FastifyRequest) => boolean {
  return (request) => opensMetrics(keyRing, request);
}

function opensMetrics(keyRing: GuardKeys, request: FastifyRequest): boolean {
  const keys = keyRing.current();
  if (keys === undefined) return false;
  return principalsOf(keys, credentialsOf(request), keyRing.people()).some(
    ({ role }) => role === 'metrics' || role === 'admin',
  );
}

function currentKeys(keyRing: GuardKeys): Keys {
  const keys = keyRing.current();
  if (keys !== undefined) return keys;
  throw keysNotLoaded();
}

/** It is not known whose key or sign-in this is. */
export function keysNotLoaded(): AppError {
  return new AppError('The keys are not known: the database was not reached', {
    status: 503,
    code: 'KEYS_NOT_LOADED',
    retryable: true,
  });
}

function credentialsOf(request: FastifyRequest): Credentials {
  const { headers } = request;
  const bearer = /^bearer +(\S+) *$/i.exec(headers.authorization ?? '')?.[1];
  return {
    ...shown('bearer', bearer),
    ...shown('apiKey', headers['x-api-key']),
    ...shown('adminKey', headers['x-admin-key']),
    ...shown('internalSecret', headers['x-internal-secret']),
    ...shown('queryToken', (request.query as Record<string, unknown> | undefined)?.['token']),
  };
}

// A header or parameter that came twice is a list, and no key.
function shown(door: keyof Credentials, value: unknown): Credentials {
  return typeof value === 'string' ? { [door]: value } : {};
}

/** What the audit is told of a request of `principal`'s. */
export function auditedUse(
  request: FastifyRequest,
  { role, businessId, person }: Principal,
  vouched = false,
): AuditedUse {
  return {
    role,
    ...(businessId !== undefined && { businessId }),
    ...(person !== undefined && { person }),
    action: `${request.method} ${request.routeOptions.url ?? ''}`,
    requestId: request.id,
    // An IPv4 address that came to a socket of IPv6.
    address: request.ip.replace(/^::ffff:/, ''),
    ...(request.auditTarget !== undefined && { target: request.auditTarget }),
    params: { ...(request.params as Record<string, string> | undefined) },
    vouched,
  };
}
