// `npm run jobs -- COMMAND`: runs a job command (queues, dead letter, schedules) of the api on the stack of `npm start`.
import { run } from './bootstrap.mjs';

run('packages/devstack/src/api-command.ts', ['jobs', ...process.argv.slice(2)]);
