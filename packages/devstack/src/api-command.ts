// `npm run keys`, `npm run jobs` and `npx --no -- prosaas-check`: run a command of the api on the stack of `npm start`.
import { runApiCommand, runningStack } from './running-stack.ts';

const [name, ...args] = process.argv.slice(2);
if (name !== 'keys' && name !== 'jobs' && name !== 'check')
  throw new TypeError(`${name} is no command of the api`);
process.exitCode = runApiCommand(name, args, runningStack()).status;
