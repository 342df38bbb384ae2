// `npm test`: installs what the tests need and runs them. The last line says how many passed and failed.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureChromiumInstalled } from './chromium-install.ts';
import { buildConsole } from './console-build.ts';
import { ensureRedisInstalled } from './redis-install.ts';
import { type TestReport, readTestReport } from './test-report.ts';

const repository = fileURLToPath(new URL('../../../', import.meta.url));

/**
 * If at most this many files of a full run fail, they run once more, one after the other, because a busy machine that starts several
 * stacks at once can fail a test. Tests that fail only the first time are listed.
 */
const MAX_RETRIED_FILES = 4;

let interrupted = false;

async function main(args: string[]): Promise<number> {
  await ensureRedisInstalled(console.log);
  await ensureChromiumInstalled(console.log);
  await buildConsole();
  const first = await runTests(args);
  const { failedFiles } = first;
  const runsAll = args.length === 0 || process.env['CI'] !== undefined;
  if (!runsAll || interrupted || failedFiles.length === 0 || failedFiles.length > MAX_RETRIED_FILES)
    return conclude(first);

  console.log(`Once more, nothing beside them: ${failedFiles.join(', ')}`);
  const again = await runTests([...args, ...failedFiles, '--maxWorkers=1']);
  for (const name of first.failedTests) {
    if (!again.failedTests.includes(name)) console.log(`Failed at first, passed alone: ${name}`);
  }
  return conclude({ ...again, passed: { ...first.passed, ...again.passed } });
}

function conclude({ passed, failedTests }: TestReport): number {
  const sum = Object.values(passed).reduce((total, number) => total + number, 0);
  console.log(`${sum} passed, ${failedTests.length} failed`);
  return failedTests.length > 0 ? 1 : 0;
}

async function runTests(args: string[]): Promise<TestReport> {
  const folder = mkdtempSync(join(tmpdir(), 'prosaas-test-'));
  try {
    const file = join(folder, 'report.json');
    const code = await runVitest([
      'run',
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${file}`,
      ...args,
    ]);
    const report = readReport(file);
    if (code !== 0 && report.failedTests.length === 0) report.failedTests.push(`vitest ended with ${code}`);
    return report;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function readReport(file: string): TestReport {
  try {
    return readTestReport(readFileSync(file, 'utf8'));
  } catch {
    // vitest ended before it could report
    return { passed: {}, failedTests: [], failedFiles: [] };
  }
}

function runVitest(args: string[]): Promise<number> {
  const entry = createRequire(import.meta.url).resolve('vitest/package.json');
  const child = spawn(process.execPath, [join(dirname(entry), 'vitest.mjs'), ...args], {
    cwd: repository,
    stdio: 'inherit',
  });
  // A terminal's Ctrl-C reaches vitest by itself.
  process.on('SIGINT', () => {
    interrupted = true;
  });
  process.on('SIGTERM', () => {
    interrupted = true;
    child.kill('SIGTERM');
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 1));
  });
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  console.log('0 passed, 1 failed');
  process.exitCode = 1;
}
