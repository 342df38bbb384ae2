import type { ProbeDefinition, ProbeReport } from '@prosaas/observability';
import { type CheckName, checkNames } from './checks/names.ts';

const unhealthy = ({ checks }: ProbeReport): object => ({ status: 'unhealthy', checks });

/** The probes that are based on checks. Liveness, version and warm-up are not among them. */
export function apiProbes({ readyzRequires }: { readyzRequires: readonly CheckName[] }): ProbeDefinition[] {
  return [
    {
      path: '/readyz',
      name: 'readyz',
      required: readyzRequires,
      shown: checkNames.filter((name) => !readyzRequires.includes(name)),
      hysteresis: { failureThreshold: 3, successThreshold: 2 },
      failsWhileDraining: true,
      body: {
        pass: ({ checks }) => ({ ready: true, checks }),
        fail: ({ checks }) => ({ ready: false, checks }),
      },
    },
    {
      path: '/api/health',
      name: 'health',
      required: ['database', 'migrations', 'schema'],
      shown: ['redis', 'workers', 'queues', 'customers'],
      body: { pass: () => ({ status: 'healthy' }), fail: unhealthy },
    },
    {
      path: '/health/whatsapp',
      name: 'whatsapp',
      required: ['baileys', 'sessions', 'agent'],
      body: {
        pass: (report) => ({ status: 'ok', ...whatsappParts(report) }),
        fail: (report) => ({ status: 'unhealthy', ...whatsappParts(report) }),
      },
    },
    {
      path: '/health/agentkit',
      name: 'agentkit',
      required: ['agent'],
      body: { pass: () => ({ status: 'ok' }), fail: unhealthy },
    },
  ];
}

/** The parts of `/health/whatsapp`: the baileys service with its sessions, and the agent. */
function whatsappParts({ checks }: ProbeReport): object {
  const { baileys, sessions, agent } = checks;
  return { baileys: { ...baileys, sessions }, agentkit: { ...agent } };
}
