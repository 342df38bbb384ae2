import { run } from './bootstrap.mjs';

run('packages/devstack/src/api-command.ts', ['keys', ...process.argv.slice(2)]);
