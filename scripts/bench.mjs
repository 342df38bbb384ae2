// `npm run bench [-- WORD...]`: runs the benches, or those whose path contains one of the words.
import { run } from './bootstrap.mjs';

run('packages/devstack/src/bench/run.ts');
