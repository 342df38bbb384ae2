import type { CheckDefinition } from '@prosaas/observability';
import { askService } from './service-request.ts';

/** The baileys service answers and says that it is well. */
export function baileysCheck({ url }: { url: string }): CheckDefinition {
  return {
    name: 'baileys',
    componentType: 'component',
    async run(signal) {
      await askService(url, '/health', { signal });
      return { detail: { url } };
    },
  };
}
