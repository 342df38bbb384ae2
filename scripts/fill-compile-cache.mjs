// `node scripts/fill-compile-cache.mjs /app apps/api/dist/main.js ...`, run by the Dockerfile: starts each entry of an app once, without
// any other server, so that Node writes the compiled code to NODE_COMPILE_CACHE.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

/** A service that prints nothing for this long has started. */
const QUIET_MS = 1000;
const LIMIT_MS = 30_000;

const [folder, ...entries] = process.argv.slice(2);

for (const entry of entries) {
  const child = spawn(process.execPath, [join(folder, entry)], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      // Addresses without a server, so that nothing on the building machine is used.
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
  let output = '';
  let isStopping = false;
  // Once: a second signal would end it before the code is written.
  const stop = () => {
    if (!isStopping) child.kill('SIGTERM');
    isStopping = true;
  };
  const limit = setTimeout(stop, LIMIT_MS);
  let quiet;
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (data) => {
      output += data;
      clearTimeout(quiet);
      quiet = setTimeout(stop, QUIET_MS);
    });
  }
  const [code] = await ended;
  clearTimeout(limit);
  clearTimeout(quiet);
  if (code !== 0) {
    process.stderr.write(`${entry} ended with ${code}:\n${output}`);
    process.exitCode = 1;
  }
}
