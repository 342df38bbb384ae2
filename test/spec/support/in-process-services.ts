import { createDatabase, createPerson, migrate, revokePerson } from '@prosaas/database';
import { poll, testDatabase } from '@prosaas/devstack';
import { createLogger, identify, loadConfig } from '@prosaas/runtime';
import { ApiConfig } from '../../../apps/api/src/config.ts';
import { startApi } from '../../../apps/api/src/service.ts';
import { BaileysConfig } from '../../../apps/baileys/src/config.ts';
import { startBaileys } from '../../../apps/baileys/src/service.ts';
import { CallsConfig } from '../../../apps/calls/src/config.ts';
import { startCalls } from '../../../apps/calls/src/service.ts';
import { ask } from './ask.ts';
import { type Route, collectRoutes } from './routes.ts';

/** The keys of the stack, which are settings. */
export const keys = {
  API_KEY: 'walk-api-key-of-a-test',
  ADMIN_KEY: 'walk-admin-key-of-a-test',
  METRICS_TOKEN: 'walk-metrics-token',
  INTERNAL_SECRET: 'walk-internal-secret',
};
const log = createLogger({ service: 'test', instance: 'test', level: 'silent' });

/** A service in this process, with every route that it has registered. */
interface InProcessService {
  url: string;
  routes: Route[];
}

export interface InProcessServices extends AsyncDisposable {
  services: Record<string, InProcessService>;
  /** The keys of people, by their names. */
  people: Record<string, string>;
}

/** Starts the three services that speak HTTP in this process, with a new database. There is no Redis, because authorization does not need it. */
export async function startInProcessServices(): Promise<InProcessServices> {
  await using starting = new AsyncDisposableStack();
  const url = await testDatabase();
  await migrate({ url, log });
  const people = await addPeople(url);
  const settings = {
    ...keys,
    API_PORT: '0',
    CALLS_PORT: '0',
    BAILEYS_PORT: '0',
    REDIS_URL: 'redis://127.0.0.1:9/0',
    TWILIO_AUTH_TOKEN: 'walk-auth-token',
    DATABASE_URL: url,
  };
  const starts = {
    api: () => startApi(loadConfig(ApiConfig, settings), { identity: identify('api'), log }),
    calls: () => startCalls(loadConfig(CallsConfig, settings), { identity: identify('calls'), log }),
    baileys: () => startBaileys(loadConfig(BaileysConfig, settings), { identity: identify('baileys'), log }),
  };
  const services: InProcessServices['services'] = {};
  for (const [name, start] of Object.entries(starts)) {
    const { started, routes } = await collectRoutes(start);
    starting.use(started);
    services[name] = { url: started.url, routes };
  }
  for (const path of [`${services['api']?.url}/api/me`, `${services['baileys']?.url}/api/sessions`]) {
    const headers = { 'x-api-key': people['staff'] ?? '' };
    await poll(async () => (await ask(path, { headers })).status !== 503, { what: 'the keys of people' });
  }
  const running = starting.move();
  return { services, people, [Symbol.asyncDispose]: () => running.disposeAsync() };
}

async function addPeople(url: string): Promise<InProcessServices['people']> {
  const people: InProcessServices['people'] = {};
  await using db = createDatabase({ url, size: 1, applicationName: 'test', log });
  await db.query(`insert into businesses (id, name) values ('other', 'Other')`);
  const scope = { businessId: undefined, withAdmins: true };
  for (const [name, role, business_id] of [
    ['staff', 'staff', 'default'],
    ['owner', 'owner', 'default'],
    ["another business' owner", 'owner', 'other'],
    ['admin', 'admin', 'other'],
    ['revoked admin', 'admin', 'default'],
  ] as const) {
    const created = await createPerson(
      db,
      { business_id, name, role, phone_number: null, email: null },
      { most: 9 },
    );
    people[name] = created?.key ?? '';
    if (name.startsWith('revoked')) await revokePerson(db, created?.person.id ?? '', scope);
  }
  return people;
}
