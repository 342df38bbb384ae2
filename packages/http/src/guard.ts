import { AppError, type KeyRing, type Keys } from '@prosaas/runtime';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type Credentials, type Principal, type Role, principalsOf } from './keys.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Set by `guard`. */
    principal?: Principal;
  }
}

/** Fits `onRequest` (before the body is read: the better place) and `preHandler`. */
export type Guard = (request: FastifyRequest, reply: FastifyReply) => Promise<void>;

/** One request that is worth a line in the audit log. */
export interface AuditedUse {
  role: Role;
  /** Of a business' own key. */
  businessId?: string;
  action: string;
  requestId: string;
  params: Readonly<Record<string, string>>;
  /** Not by a key of the request: see `vouch`. */
  vouched: boolean;
}

export interface GuardOptions {
  roles: readonly Role[];
  /** Told of each request that the administrator's key opened, and of each that somebody vouched for. */
  audit?: (use: AuditedUse, request: FastifyRequest) => void;
  /**
   * Who sends a request whose own keys do not say it: another replica forwards it, and tells for whom. Nobody where it cannot be
   * believed; undefined where the keys of the request count.
   */
  vouch?: (request: FastifyRequest, reply: FastifyReply, keys: Keys) => readonly Principal[] | undefined;
  /**
   * For pages: a browser sends no header of ours, so the admin key is also taken as the password of HTTP Basic, whatever the
   * user's name, and a 401 asks for it under this realm.
   */
  basicRealm?: string;
}

/**
 * Lets in who has one of `roles`; the administrator may do what a business may. 401 without a valid key, 403 with one of the
 * wrong role, 503 while the keys are not known yet.
 */
export function guard(keyRing: KeyRing, { roles, audit, vouch, basicRealm }: GuardOptions): Guard {
  const allowed = new Set<Role>(roles);
  if (allowed.has('business') || allowed.has('metrics')) allowed.add('admin');
  const challenge = basicRealm === undefined ? 'Bearer' : `Basic realm="${basicRealm}", charset="UTF-8"`;
  return async (request, reply) => {
    const keys = currentKeys(keyRing);
    const vouched = vouch?.(request, reply, keys);
    const shownHere = { ...credentialsOf(request), ...(basicRealm !== undefined && basicOf(request)) };
    const principals = vouched ?? principalsOf(keys, shownHere);
    if (principals.length === 0) {
      reply.header('www-authenticate', challenge);
      throw new AppError('This needs a key, and none that is valid was sent', {
        status: 401,
        code: 'UNAUTHENTICATED',
      });
    }
    const principal = principals.find(({ role }) => allowed.has(role));
    if (principal === undefined)
      throw new AppError('This key does not open this', { status: 403, code: 'FORBIDDEN' });
    request.principal = principal;
    if (principal.role === 'admin' || vouched !== undefined) {
      audit?.(useOf(request, principal, vouched !== undefined), request);
    }
  };
}

/** For `/metrics*`: `Authorization: Bearer` or `?token=`. A key of another role is no key here. */
export function metricsGuard(keyRing: KeyRing): Guard {
  return async (request, reply) => {
    if (opensMetrics(currentKeys(keyRing), request)) return;
    reply.header('www-authenticate', 'Bearer');
    throw new AppError('This needs the metrics token', { status: 401, code: 'UNAUTHENTICATED' });
  };
}

/** Whether the sender may see addresses, versions and error texts in the bodies of health. */
export function canSeeDetails(keyRing: KeyRing): (request: FastifyRequest) => boolean {
  return (request) => {
    const keys = keyRing.current();
    return keys !== undefined && opensMetrics(keys, request);
  };
}

function opensMetrics(keys: Keys, request: FastifyRequest): boolean {
  return principalsOf(keys, credentialsOf(request)).some(
    ({ role }) => role === 'metrics' || role === 'admin',
  );
}

function currentKeys(keyRing: KeyRing): Keys {
  const keys = keyRing.current();
  if (keys !== undefined) return keys;
  throw new AppError('The keys are not known yet: the database was not reached', {
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

function basicOf({ headers }: FastifyRequest): Credentials {
  const sent = /^basic +([\w+/]+=*) *$/i.exec(headers.authorization ?? '')?.[1];
  const pair = Buffer.from(sent ?? '', 'base64').toString();
  // A user's name has no colon, a password may.
  const colon = pair.indexOf(':');
  return colon < 0 ? {} : { basic: pair.slice(colon + 1) };
}

// A header or parameter that came twice is a list, and no key.
function shown(door: keyof Credentials, value: unknown): Credentials {
  return typeof value === 'string' ? { [door]: value } : {};
}

function useOf(request: FastifyRequest, { role, businessId }: Principal, vouched: boolean): AuditedUse {
  return {
    role,
    ...(businessId !== undefined && { businessId }),
    action: `${request.method} ${request.routeOptions.url ?? ''}`,
    requestId: request.id,
    params: { ...(request.params as Record<string, string> | undefined) },
    vouched,
  };
}
