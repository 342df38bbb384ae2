import { Status } from '../../kit/status.tsx';
import { checkLevels, checkLabels } from '../../lib/check-text.ts';
import type { Check } from '../../lib/checks.ts';
import { href } from '../../lib/router.ts';

export interface Probe {
  path: string;
  requires: string[];
}

/** The probes for load balancers and monitors, and the checks that decide their answers. */
export function Probes({ probes, checks }: { probes: readonly Probe[]; checks: readonly Check[] }) {
  const status = new Map(checks.map((check) => [check.name, check.status]));
  return (
    <section aria-labelledby="probes">
      <h2 id="probes">Probes for load balancers and monitors</h2>
      <p class="quiet">Each address answers 200 while none of its checks fails.</p>
      <ul class="rows">
        {probes.map(({ path, requires }) => (
          <li key={path}>
            <div class="row">
              <code class="probe-path">{path}</code>
              {requires.map((name) => (
                <span key={name} class="row-tight">
                  <a class="target" href={href(['health'], { check: name })}>
                    {name}
                  </a>{' '}
                  {(status.get(name) ?? 'pass') !== 'pass' && (
                    <Status level={checkLevels[status.get(name)!]}>{checkLabels[status.get(name)!]}</Status>
                  )}
                </span>
              ))}
            </div>
          </li>
        ))}
      </ul>
    </section>
  );
}
