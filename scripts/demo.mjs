// `npm run demo [-- --minutes N]`: simulated customers write and call.
import { run } from './bootstrap.mjs';

run('packages/devstack/src/demo.ts');
