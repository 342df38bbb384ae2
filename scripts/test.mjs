import { run } from './bootstrap.mjs';

run('packages/devstack/src/test-run.ts');
