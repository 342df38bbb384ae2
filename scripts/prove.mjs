// `npm run prove -- <name> [--seed N]`: a proof says what it did, and exits 1 on a broken promise.
import { run } from './bootstrap.mjs';

const proofs = {
  observability: 'packages/observability/prove/main.ts',
  jobs: 'apps/worker/prove/main.ts',
  faults: 'test/faults/main.ts',
  whatsapp: 'apps/baileys/prove/main.ts',
};

const [name = '', ...args] = process.argv.slice(2);
if (Object.hasOwn(proofs, name)) {
  run(proofs[name], args);
} else {
  process.stderr.write(`usage: npm run prove -- ${Object.keys(proofs).join('|')} [--seed N]\n`);
  process.exit(1);
}
