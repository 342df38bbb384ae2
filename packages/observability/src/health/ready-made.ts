import type { FastifyPluginAsync } from 'fastify';
import { getRoute } from '../http/get-route.ts';
import type { ProbeDefinition } from './probe.ts';

/** `/healthz` and `/livez`: no check at all, 200 while the process can answer, also while it drains. */
export function livenessProbes(): ProbeDefinition[] {
  const body = (pass: object | string): ProbeDefinition['body'] => ({ pass: () => pass, fail: () => pass });
  return [
    { path: '/healthz', name: 'healthz', required: [], body: body({ status: 'ok' }) },
    { path: '/livez', name: 'livez', required: [], body: body('ok') },
  ];
}

/** `/readyz`: turns after three bad or two good results in a row, and fails from the moment that the process drains. */
export function readinessProbe(required: readonly string[], shown: readonly string[] = []): ProbeDefinition {
  return {
    path: '/readyz',
    name: 'readyz',
    required,
    shown,
    hysteresis: { bad: 3, good: 2 },
    failsWhileDraining: true,
    body: {
      pass: ({ checks }) => ({ ready: true, checks }),
      fail: ({ checks }) => ({ ready: false, checks }),
    },
  };
}

/** A Fastify plugin: `GET /version` answers `info`, with the headers of a probe. */
export function versionRoute(info: object): FastifyPluginAsync {
  const body = JSON.stringify(info);
  return async (app) => {
    getRoute(app, {
      path: '/version',
      handler: (_request, reply) => reply.type('application/json; charset=utf-8').send(body),
    });
  };
}
