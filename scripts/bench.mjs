import { run } from './bootstrap.mjs';

run('packages/devstack/src/bench/run.ts');
