import { run } from './bootstrap.mjs';

run('packages/devstack/src/read-keys.ts');
