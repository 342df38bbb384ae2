// `npm test`: every test of the repository, with all that they need; the last line says how many passed and failed.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureRedisInstalled } from './redis-install.ts';

const repository = fileURLToPath(new URL('../../../', import.meta.url));

async function main(args: string[]): Promise<number> {
  await ensureRedisInstalled((line) => console.log(line));
  const folder = mkdtempSync(join(tmpdir(), 'prosaas-test-'));
  try {
    const report = join(folder, 'report.json');
    const code = await runVitest([
      'run',
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${report}`,
      ...args,
    ]);
    const { passed, failed } = count(report, code);
    console.log(`${passed} passed, ${failed} failed`);
    return failed > 0 ? 1 : code;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function runVitest(args: string[]): Promise<number> {
  const entry = createRequire(import.meta.url).resolve('vitest/package.json');
  const child = spawn(process.execPath, [join(dirname(entry), 'vitest.mjs'), ...args], {
    cwd: repository,
    stdio: 'inherit',
  });
  // A terminal's Ctrl-C reaches vitest by itself.
  process.on('SIGINT', () => {});
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 1));
  });
}

/** A file that could not even be loaded has no tests, and is a failure all the same. */
function count(report: string, code: number): { passed: number; failed: number } {
  let passed = 0;
  let failed = 0;
  try {
    const { numPassedTests, testResults } = JSON.parse(readFileSync(report, 'utf8')) as {
      numPassedTests: number;
      testResults: { status: string; assertionResults: { status: string }[] }[];
    };
    passed = numPassedTests;
    for (const { status, assertionResults } of testResults) {
      const failures = assertionResults.filter((result) => result.status === 'failed').length;
      failed += failures === 0 && status === 'failed' ? 1 : failures;
    }
  } catch {
    // vitest ended before it could report
  }
  return { passed, failed: failed === 0 && code !== 0 ? 1 : failed };
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  console.log('0 passed, 1 failed');
  process.exitCode = 1;
}
