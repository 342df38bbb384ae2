// `npm run bench`: runs every bench of the repository, or those whose path contains one of the given words.
import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ensureRedisInstalled } from '../redis-install.ts';

const repository = fileURLToPath(new URL('../../../../', import.meta.url));
const words = process.argv.slice(2).filter((word) => !word.startsWith('-'));
const flags = process.argv.slice(2).filter((word) => word.startsWith('-'));
const benches = globSync('{packages,apps}/*/bench/*.bench.ts', { cwd: repository })
  .filter((path) => words.length === 0 || words.some((word) => path.includes(word)))
  .toSorted();

if (benches.length === 0)
  console.log(`There is no bench${words.length > 0 ? ` named ${words.join(' or ')}` : ''}.`);
else await ensureRedisInstalled(console.log);
let failed = 0;
for (const bench of benches) {
  console.log(`\n${bench}`);
  const args = ['--expose-gc', '--conditions=@prosaas/source', bench, ...flags];
  const { status } = spawnSync(process.execPath, args, { cwd: repository, stdio: 'inherit' });
  if (status !== 0) failed += 1;
}
console.log(`\n${benches.length - failed} passed, ${failed} failed`);
if (failed > 0 || (benches.length === 0 && words.length > 0)) process.exitCode = 1;
