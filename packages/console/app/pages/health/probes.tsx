import { Status } from '../../kit/status.tsx';
import { checkLevels, checkWords } from '../../lib/check-words.ts';
import type { Check } from '../../lib/diagnosis.ts';
import { href } from '../../lib/router.ts';

export interface Probe {
  path: string;
  requires: string[];
}

/** What load balancers and watchers ask, and which checks decide the answer. */
export function Probes({ probes, checks }: { probes: readonly Probe[]; checks: readonly Check[] }) {
  const status = new Map(checks.map((check) => [check.name, check.status]));
  return (
    <section aria-labelledby="probes">
      <h2 id="probes">What load balancers ask</h2>
      <p class="quiet">Each address answers 200 while none of these checks fails.</p>
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
                    <Status level={checkLevels[status.get(name)!]}>{checkWords[status.get(name)!]}</Status>
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
