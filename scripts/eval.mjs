// `npm run eval [-- FILE --profiles DIR --floor N]`: measures how much the offline agent understands.
import { run } from './bootstrap.mjs';

run('packages/agentkit/eval/run.ts');
