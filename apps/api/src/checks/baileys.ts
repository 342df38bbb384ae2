import type { CheckDefinition } from '@prosaas/observability';
import { askService } from './service-request.ts';

/** The baileys service answers with a healthy status. An answer of another service fails. */
export function baileysCheck({ url }: { url: string }): CheckDefinition {
  return {
    name: 'baileys',
    componentType: 'component',
    async run(signal) {
      await askService(url, '/health', isBaileysHealth, { signal });
      return { detail: { url } };
    },
  };
}

function isBaileysHealth(body: unknown): body is { status: 'ok'; sessions: number } {
  const { status, sessions } = (body ?? {}) as { status?: unknown; sessions?: unknown };
  return status === 'ok' && typeof sessions === 'number';
}
