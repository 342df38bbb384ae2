// `npm run prove -- <name> [--seed N]`: runs a proof, which prints what it did and exits with 1 if a promise was broken.
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
