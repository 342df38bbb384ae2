import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { FastifyInstance } from 'fastify';

export interface Route {
  method: string;
  /** The registered path: `/api/calls/:id`. */
  url: string;
}

/** Runs `start` and collects every route of every Fastify app that it creates. */
export async function collectRoutes<T>(start: () => Promise<T>): Promise<{ started: T; routes: Route[] }> {
  const routes: Route[] = [];
  const onApp = (message: unknown): void => {
    const { fastify } = message as { fastify: FastifyInstance };
    fastify.addHook('onRoute', ({ method, url }) => {
      for (const one of [method].flat()) routes.push({ method: one, url });
    });
  };
  subscribe('fastify.initialization', onApp);
  try {
    return { started: await start(), routes };
  } finally {
    unsubscribe('fastify.initialization', onApp);
  }
}

/** Replaces each parameter by a value. */
export function fill(url: string): string {
  return url.replaceAll(/:\w+/g, 'x').replace(/\*$/, 'x');
}
