import type { App } from '@prosaas/http';
import type { HealthRegistry } from '@prosaas/observability';
import { type Static, Type } from 'typebox';
import type { CheckView } from '../checks/view.ts';
import { NullableText, NullableTime, type ResourceContext, Time } from './resource.ts';

const Block = Type.Object({ kind: Type.String(), text: Type.String() });
const Reason = Type.Object({
  code: Type.String(),
  means: NullableText,
  /** Of the runbook's entry. */
  title: NullableText,
  what_to_do: Type.Array(Block),
});
const Change = Type.Object({ at: Time, status: Type.String(), codes: Type.Array(Type.String()) });
const Anything = Type.Record(Type.String(), Type.Unknown());
const Check = Type.Object({
  name: Type.String(),
  looks_at: NullableText,
  status: Type.String(),
  /** As far back as this replica of the api has looked. */
  since: NullableTime,
  reasons: Type.Array(Reason),
  facts: Anything,
  /** For the metrics token and admins: addresses, versions, texts. */
  details: Type.Optional(Anything),
  changes: Type.Array(Change),
});
const Probe = Type.Object({ path: Type.String(), requires: Type.Array(Type.String()) });
const Checks = Type.Object({
  draining: Type.Boolean(),
  items: Type.Array(Check),
  /** What answers 200 while all of these checks pass or warn. */
  probes: Type.Array(Probe),
});

export interface ChecksContext extends Pick<ResourceContext, 'anyone'> {
  health: Pick<HealthRegistry, 'draining'>;
  viewChecks: (options: { withDetails: boolean }) => CheckView[];
  probes: Static<typeof Probe>[];
}

/** Each check of this api as it is now, what that means and what to do, and its last hour. */
export function checkRoutes(app: App, { anyone, health, viewChecks, probes }: ChecksContext): void {
  app.get('/api/checks', { onRequest: anyone, schema: { response: { 200: Checks } } }, (request) => {
    const { role } = request.principal ?? {};
    const withDetails = role === 'metrics' || role === 'admin';
    const items = viewChecks({ withDetails });
    return { draining: health.draining, items: role === 'metrics' ? items.map(withoutNames) : items, probes };
  });
}

/** The metrics token sees how it is, and no names that a business gave. */
function withoutNames({ details, ...check }: CheckView): CheckView {
  return check.name === 'sessions' || details === undefined ? check : { ...check, details };
}
