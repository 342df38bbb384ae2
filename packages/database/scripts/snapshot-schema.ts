// Writes migrations/schema-snapshot.json: what the migrations leave, which health compares the database with.
import { writeFile } from 'node:fs/promises';
import { startPostgres } from '@prosaas/devstack';
import { createLogger } from '@prosaas/runtime';
import { createDatabase } from '../src/database.ts';
import { migrate } from '../src/migrate.ts';
import { readSchema } from '../src/schema.ts';

const target = new URL('../migrations/schema-snapshot.json', import.meta.url);
const log = createLogger({ service: 'snapshot-schema', instance: 'script', level: 'warn' });

await using postgres = await startPostgres();
const url = await postgres.createDatabase();
await migrate({ url, log });
await using db = createDatabase({ url, applicationName: 'snapshot-schema', log });
await writeFile(target, `${JSON.stringify(await readSchema(db), null, 2)}\n`);
