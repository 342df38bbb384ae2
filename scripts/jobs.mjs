import { run } from './bootstrap.mjs';

run('packages/devstack/src/api-command.ts', ['jobs', ...process.argv.slice(2)]);
