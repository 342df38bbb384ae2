// `npm run keys`: the generated keys of the stack that `npm start` runs here.
import { readKeys, runningStack } from './running-stack.ts';

process.exitCode = readKeys(process.argv.slice(2), runningStack()?.databaseUrl, 'inherit').status;
