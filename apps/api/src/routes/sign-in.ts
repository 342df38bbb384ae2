import {
  type App,
  type AuditedUse,
  auditedUse,
  refuseCrossSite,
  signInCookie,
  signInTokenOf,
} from '@prosaas/http';
import { AppError } from '@prosaas/runtime';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { SignIns } from '../console/sign-ins.ts';
import { Me, showPrincipal } from './me.ts';

const SignIn = Type.Object(
  { key: Type.String({ minLength: 1, maxLength: 500, pattern: '^[\\x20-\\x7e]+$' }) },
  { additionalProperties: false },
);
const SignOut = Type.Object(
  { everywhere: Type.Optional(Type.Boolean({ description: 'All sign-ins of the same person or key' })) },
  { additionalProperties: false },
);

/** Seven days. The session in the database expires earlier or at the same time. */
const MAX_AGE_SECONDS = 7 * 86_400;

/** Signs a browser in and out: it gets an HttpOnly cookie in exchange for a key. */
export function signInRoutes(
  app: App,
  { signIns, audit }: { signIns: SignIns; audit: (use: AuditedUse) => void },
): void {
  app.post('/api/sign-in', { schema: { body: SignIn, response: { 200: Me } } }, async (request, reply) => {
    const signedIn = await signIns.signIn(request.body.key.trim(), request.ip);
    if (signedIn === undefined) throw new UnknownKey();
    const { token, principal } = signedIn;
    const previousToken = signInTokenOf(request);
    // Ends the previous sign-in of this browser. If that fails, it expires on its own.
    if (previousToken !== undefined)
      await signIns.signOut(previousToken, { everywhere: false }).catch(() => {});
    request.recordUse = () => audit(auditedUse(request, principal));
    setCookie(request, reply, token);
    return showPrincipal(principal);
  });

  // Also 204 without a sign-in.
  app.post('/api/sign-out', { schema: { body: SignOut } }, async (request, reply) => {
    const token = signInTokenOf(request);
    if (token !== undefined) {
      refuseCrossSite(request);
      // First, so that the browser drops the cookie even if the rest fails.
      setCookie(request, reply, undefined);
      const principal = await signIns.find(token, { isUse: false }).catch(() => undefined);
      if (principal !== undefined) request.recordUse = () => audit(auditedUse(request, principal));
      await signIns.signOut(token, { everywhere: request.body.everywhere === true });
    }
    return reply.code(204).send();
  });
}

/** No `Path`: by default the browser sends the cookie to the paths next to `/api/sign-in`, whatever prefix a proxy adds. */
function setCookie(request: FastifyRequest, reply: FastifyReply, token: string | undefined): void {
  const attributes = ['HttpOnly', 'SameSite=Strict', `Max-Age=${token === undefined ? 0 : MAX_AGE_SECONDS}`];
  const [proto] = String(request.headers['x-forwarded-proto'] ?? '').split(',');
  if (proto?.trim() === 'https') attributes.push('Secure');
  reply
    .header('set-cookie', [`${signInCookie}=${token ?? ''}`, ...attributes].join('; '))
    .header('cache-control', 'no-store');
}

class UnknownKey extends AppError {
  override code = 'UNAUTHENTICATED';
  override status = 401;

  constructor() {
    super('This key is not valid');
  }
}
