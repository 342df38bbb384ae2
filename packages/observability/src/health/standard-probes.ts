import type { FastifyPluginAsync } from 'fastify';
import { getRoute } from '../http/get-route.ts';
import type { ProbeDefinition } from './probe.ts';

/** `/healthz` and `/livez`: no checks, 200 for as long as the process can answer, also while it drains. */
export function livenessProbes(): ProbeDefinition[] {
  const body = (pass: object | string): ProbeDefinition['body'] => ({ pass: () => pass, fail: () => pass });
  return [
    { path: '/healthz', name: 'healthz', required: [], body: body({ status: 'ok' }) },
    { path: '/livez', name: 'livez', required: [], body: body('ok') },
  ];
}

/**
 * `/readyz`: fails after three failures in a row, passes again after two passes in a row, and fails while the process drains.
 *
 * @param required names of the checks that decide
 * @param shown names of checks that are shown only
 */
export function readinessProbe(required: readonly string[], shown: readonly string[] = []): ProbeDefinition {
  return {
    path: '/readyz',
    name: 'readyz',
    required,
    shown,
    hysteresis: { failureThreshold: 3, successThreshold: 2 },
    failsWhileDraining: true,
    body: {
      pass: ({ checks }) => ({ ready: true, checks }),
      fail: ({ checks }) => ({ ready: false, checks }),
    },
  };
}

/** A Fastify plugin: `GET /version` answers `info` as JSON, with the headers of a probe. */
export function versionRoute(info: object): FastifyPluginAsync {
  const body = JSON.stringify(info);
  return async (app) => {
    getRoute(app, {
      path: '/version',
      handler: (_request, reply) => reply.type('application/json; charset=utf-8').send(body),
    });
  };
}
