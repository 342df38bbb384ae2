import type { App } from '@prosaas/http';
import type { HealthRegistry } from '@prosaas/observability';
import { type Static, Type } from 'typebox';
import type { CheckView } from '../checks/view.ts';
import { NullableText, NullableTime, type ResourceContext, Time } from './resource.ts';

const Block = Type.Object({ kind: Type.String(), text: Type.String() });
const Reason = Type.Object({
  code: Type.String(),
  means: NullableText,
  /** Title of the runbook's entry. */
  title: NullableText,
  what_to_do: Type.Array(Block),
});
const Change = Type.Object({ at: Time, status: Type.String(), codes: Type.Array(Type.String()) });
const AnyRecord = Type.Record(Type.String(), Type.Unknown());
const Check = Type.Object({
  name: Type.String(),
  looks_at: NullableText,
  status: Type.String(),
  /** At the earliest when this replica of the api started. */
  since: NullableTime,
  reasons: Type.Array(Reason),
  facts: AnyRecord,
  /** Addresses, versions, texts. Only for the metrics token and admins. */
  details: Type.Optional(AnyRecord),
  changes: Type.Array(Change),
});
const Probe = Type.Object({ path: Type.String(), requires: Type.Array(Type.String()) });
const Checks = Type.Object({
  draining: Type.Boolean(),
  items: Type.Array(Check),
  /** Each responds with 200 while all checks that it requires pass or warn. */
  probes: Type.Array(Probe),
});

interface ChecksContext extends Pick<ResourceContext, 'anyone'> {
  health: Pick<HealthRegistry, 'draining'>;
  viewChecks: (options: { withDetails: boolean }) => CheckView[];
  probes: Static<typeof Probe>[];
}

/** The health checks of this api: current state, meaning, advice, and changes within the last hour. */
export function checkRoutes(app: App, { anyone, health, viewChecks, probes }: ChecksContext): void {
  app.get('/api/checks', { onRequest: anyone, schema: { response: { 200: Checks } } }, (request) => {
    const { role } = request.principal ?? {};
    const withDetails = role === 'metrics' || role === 'admin';
    const items = viewChecks({ withDetails });
    return {
      draining: health.draining,
      items: role === 'metrics' ? items.map(hideSessionNames) : items,
      probes,
    };
  });
}

/** The metrics token must not see session names, which a business chose. */
function hideSessionNames({ details, ...check }: CheckView): CheckView {
  return check.name === 'sessions' || details === undefined ? check : { ...check, details };
}
