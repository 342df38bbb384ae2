import type { Route } from './routes.ts';
import { codeOf, readTable } from './tables.ts';

/** The lowest access that a route requires. */
export type Access = 'metrics' | 'operator' | 'anyone' | 'business' | 'service' | 'owner' | 'admin';

const accessByName: Record<string, Access> = {
  'metrics token': 'operator',
  'any of them': 'anyone',
  'API key': 'business',
  owner: 'owner',
  'admin key': 'admin',
};
const manual = readTable('api.md', 'Endpoints')
  .filter((row) => row['key'] !== 'none')
  .map((row) => ({
    route: `${row['method']} ${codeOf(row['path'] ?? '').replaceAll(/\{(\w+)\}/g, ':$1')}`,
    access: accessByName[row['key'] ?? ''],
  }));

/** The required access of every route with a key. `route-access.test.ts` fails for a route that is not here. */
export const requiredAccess: Record<string, Record<string, Access | undefined>> = {
  api: {
    ...Object.fromEntries(manual.map(({ route, access }) => [route, access])),
    'GET /metrics': 'metrics',
    'GET /metrics.json': 'metrics',
  },
  calls: {},
  baileys: {
    'GET /api/sessions': 'service',
    'POST /api/sessions': 'admin',
    'GET /api/sessions/:session': 'business',
    'DELETE /api/sessions/:session': 'admin',
    'POST /api/sessions/:session/start': 'admin',
    'POST /api/sessions/:session/stop': 'admin',
    'POST /api/sessions/:session/restart': 'admin',
    'POST /api/sessions/:session/logout': 'admin',
    'GET /api/:session/auth/qr': 'admin',
    'POST /api/sendText': 'service',
    'GET /api/unstored-messages': 'business',
    'POST /api/unstored-messages/:id/retry': 'admin',
  },
};
export const accessOf = (name: string, { method, url }: Route): Access | undefined =>
  requiredAccess[name]?.[`${method === 'HEAD' ? 'GET' : method} ${url}`];
