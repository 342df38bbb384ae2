// `npm run prove -- <package> [--seed N]`: the proofs of one package, which say what they did and exit 1 on a broken promise.
import { existsSync } from 'node:fs';
import { run } from './bootstrap.mjs';

const [name = '', ...args] = process.argv.slice(2);
const script = `packages/${name}/prove/main.ts`;
if (/^[a-z-]+$/.test(name) && existsSync(new URL(`../${script}`, import.meta.url))) {
  run(script, args);
} else {
  process.stderr.write(
    'usage: npm run prove -- <package> [--seed N], such as npm run prove -- observability\n',
  );
  process.exit(1);
}
