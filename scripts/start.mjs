import { run } from './bootstrap.mjs';

run('packages/devstack/src/start.ts');
