// `npm run demo:call`: a simulated caller leaves a message.
import { run } from './bootstrap.mjs';

run('packages/devstack/src/demo-call.ts');
