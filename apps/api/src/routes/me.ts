import type { App, Principal } from '@prosaas/http';
import { type Static, Type } from 'typebox';
import { NullableText, type ResourceContext } from './resource.ts';

export const Me = Type.Object({
  role: Type.String(),
  business_id: NullableText,
  person: Type.Union([
    Type.Object({ id: Type.String(), name: Type.String(), role: Type.String() }),
    Type.Null(),
  ]),
});

export function showPrincipal({ role, businessId, person }: Principal): Static<typeof Me> {
  return { role, business_id: businessId ?? null, person: person ?? null };
}

/** Shows who the key or the sign-in belongs to. Needs no database. */
export function meRoute(app: App, { anyone }: ResourceContext): void {
  app.get('/api/me', { onRequest: anyone, schema: { response: { 200: Me } } }, async ({ principal }) =>
    showPrincipal(principal!),
  );
}
