// Starts each entry of an assembled app once, with nothing around it, so that Node leaves the code it compiled in
// NODE_COMPILE_CACHE: a build step of the images. `node scripts/fill-compile-cache.mjs /app apps/api/dist/main.js ...`
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

/** It has started when it has nothing more to say. */
const QUIET_MS = 1000;
const LIMIT_MS = 30_000;

const [folder, ...entries] = process.argv.slice(2);

for (const entry of entries) {
  const child = spawn(process.execPath, [join(folder, entry)], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      // Nobody's: what runs on the building machine is not touched.
      REDIS_URL: 'redis://127.0.0.1:1',
      DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none',
      API_PORT: '0',
      CALLS_PORT: '0',
      BAILEYS_PORT: '0',
      SIM_PORT: '0',
      DRAIN_SECONDS: '0',
    },
  });
  const ended = once(child, 'exit');
  let said = '';
  const stop = () => child.kill('SIGTERM');
  const limit = setTimeout(stop, LIMIT_MS);
  let quiet;
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (data) => {
      said += data;
      clearTimeout(quiet);
      quiet = setTimeout(stop, QUIET_MS);
    });
  }
  const [code] = await ended;
  clearTimeout(limit);
  clearTimeout(quiet);
  if (code !== 0) {
    process.stderr.write(`${entry} ended with ${code}:\n${said}`);
    process.exitCode = 1;
  }
}
