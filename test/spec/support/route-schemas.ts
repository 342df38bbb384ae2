import { globSync } from 'node:fs';
import { join } from 'node:path';
import { type App, buildHttpApp } from '@prosaas/http';
import { createLogger } from '@prosaas/runtime';
const parts = ['body', 'querystring', 'headers', 'params'] as const;

/** The bounds of a field in a JSON Schema. */
export interface FieldSchema {
  type?: string;
  maxLength?: number;
  pattern?: string;
  enum?: unknown[];
  const?: unknown;
  anyOf?: FieldSchema[];
  maxItems?: number;
  items?: FieldSchema;
  properties?: Record<string, FieldSchema>;
}

export interface RequestSchema {
  service: 'api' | 'baileys' | 'calls';
  /** Method and path: `POST /api/messages`. */
  route: string;
  part: (typeof parts)[number];
  schema: { properties: Record<string, FieldSchema> };
}

const services = ['api', 'baileys', 'calls'] as const;
const repository = join(import.meta.dirname, '../../..');

type Mount = (app: App, context: never) => void;

/** The functions that register a service's routes: those in its `routes` folder whose names end in `Route` or `Routes`. */
async function mountsOf(service: RequestSchema['service']): Promise<Mount[]> {
  const files = globSync(`apps/${service}/src/routes/*.ts`, { cwd: repository }).toSorted();
  const modules = await Promise.all(
    files.map((file) => import(join(repository, file)) as Promise<Record<string, unknown>>),
  );
  return modules
    .flatMap((exports) => Object.entries(exports))
    .filter(
      ([name, value]) => typeof value === 'function' && /Routes?$/.test(name) && name !== 'webhookRoute',
    )
    .map(([, mount]) => mount as Mount);
}

const mounts = await Promise.all(
  services.map(async (service) => [service, await mountsOf(service)] as const),
);

/** The request schemas of all routes. */
export function requestSchemas(): RequestSchema[] {
  const found: RequestSchema[] = [];
  for (const [service, mountAll] of mounts) {
    const app = buildHttpApp({ log: createLogger({ service: 'test', instance: 'test', level: 'silent' }) });
    app.addHook('onRoute', ({ method, url, schema }) => {
      for (const part of parts) {
        const one = schema?.[part] as RequestSchema['schema'] | undefined;
        if (one !== undefined && method !== 'HEAD')
          found.push({ service, route: `${String(method)} ${url}`, part, schema: one });
      }
    });
    for (const mount of mountAll) mount(app, unused);
  }
  return found;
}

const refuse = (): Promise<void> => Promise.reject(new Error('no request comes here'));
/** Routes use their context only for requests, which these do not get. */
const unused = {
  business: refuse,
  owner: refuse,
  admin: refuse,
  operator: refuse,
  anyone: refuse,
  adminGuard: refuse,
  readGuard: refuse,
  sendGuard: refuse,
  guard: { onRequest: refuse, preValidation: refuse },
} as never;
