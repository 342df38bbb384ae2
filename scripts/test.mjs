// `npm test [-- PATH...]`: runs all tests, or those under the paths, with everything that they need.
import { run } from './bootstrap.mjs';

run('packages/devstack/src/test-run.ts');
