import { run } from './bootstrap.mjs';

run('packages/devstack/src/demo-call.ts');
