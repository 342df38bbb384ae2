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

/** A key in exchange for a cookie that no script can read: how a browser shows who it is. */
export function signInRoutes(
  app: App,
  { signIns, audit }: { signIns: SignIns; audit: (use: AuditedUse) => void },
): void {
  app.post('/api/sign-in', { schema: { body: SignIn, response: { 200: Me } } }, async (request, reply) => {
    const signedIn = await signIns.signIn(request.body.key.trim(), request.ip);
    if (signedIn === undefined) throw new UnknownKey();
    const { token, principal } = signedIn;
    const before = signInTokenOf(request);
    // Of the same browser; one that cannot be ended now ends by itself.
    if (before !== undefined) await signIns.signOut(before, { everywhere: false }).catch(() => {});
    request.recordUse = () => audit(auditedUse(request, principal));
    setCookie(request, reply, token);
    return showPrincipal(principal);
  });

  // Who is not signed in is answered as well: she is signed out.
  app.post('/api/sign-out', { schema: { body: SignOut } }, async (request, reply) => {
    const token = signInTokenOf(request);
    if (token !== undefined) {
      refuseCrossSite(request);
      // Whatever comes of the rest: this browser forgets.
      setCookie(request, reply, undefined);
      const principal = await signIns.find(token, { isUse: false }).catch(() => undefined);
      if (principal !== undefined) request.recordUse = () => audit(auditedUse(request, principal));
      await signIns.signOut(token, { everywhere: request.body.everywhere === true });
    }
    return reply.code(204).send();
  });
}

/** Without `Path`: the browser sends it to the paths beside `/api/sign-in` alone, behind whatever prefix a proxy gives them. */
function setCookie(request: FastifyRequest, reply: FastifyReply, token: string | undefined): void {
  const attributes = ['HttpOnly', 'SameSite=Strict', `Max-Age=${token === undefined ? 0 : 7 * 86_400}`];
  const [proto] = String(request.headers['x-forwarded-proto'] ?? '').split(',');
  if (proto?.trim() === 'https') attributes.push('Secure');
  reply
    .header('set-cookie', [`${signInCookie}=${token ?? ''}`, ...attributes].join('; '))
    .header('cache-control', 'no-store');
}

class UnknownKey extends AppError {
  constructor() {
    super('This key is not known here', { status: 401, code: 'UNAUTHENTICATED' });
  }
}
