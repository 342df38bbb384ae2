// `npm run keys [NAME]`: prints the generated keys of the stack of `npm start`.
import { run } from './bootstrap.mjs';

run('packages/devstack/src/api-command.ts', ['keys', ...process.argv.slice(2)]);
