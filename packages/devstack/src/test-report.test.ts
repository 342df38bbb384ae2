import { expect, test } from 'vitest';
import { readTestReport } from './test-report.ts';

const file = (name: string, ...statuses: string[]): unknown => ({
  name,
  status: statuses.includes('failed') || statuses.length === 0 ? 'failed' : 'passed',
  assertionResults: statuses.map((status, index) => ({ status, fullName: `test ${index}` })),
});

test('lists the failed tests, and each of their files once', () => {
  const report = {
    testResults: [
      file('/a.test.ts', 'passed', 'skipped'),
      file('/b.test.ts', 'failed', 'passed', 'failed'),
      file('/b.test.ts', 'passed', 'failed'),
    ],
  };
  expect(readTestReport(JSON.stringify(report))).toEqual({
    passed: { '/a.test.ts': 1, '/b.test.ts': 2 },
    failedTests: ['/b.test.ts > test 0', '/b.test.ts > test 2', '/b.test.ts > test 1'],
    failedFiles: ['/b.test.ts'],
  });
});

test('a file that could not be loaded counts as a failure', () => {
  const report = { testResults: [file('/broken.test.ts')] };
  expect(readTestReport(JSON.stringify(report))).toEqual({
    passed: { '/broken.test.ts': 0 },
    failedTests: ['/broken.test.ts'],
    failedFiles: ['/broken.test.ts'],
  });
});
