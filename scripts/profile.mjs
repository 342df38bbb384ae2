// `npm run profile -- FILE [MESSAGE]...`: checks a profile, and shows what the agent would answer.
import { run } from './bootstrap.mjs';

run('apps/api/src/profile.ts', process.argv.slice(2));
