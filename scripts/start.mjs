// `npm start [-- --simulator]`: runs the whole stack on this machine.
import { run } from './bootstrap.mjs';

run('packages/devstack/src/start.ts');
