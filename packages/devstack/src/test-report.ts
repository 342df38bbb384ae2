/** What is read of vitest's JSON report (`--reporter=json`, the shape of Jest's). */
interface VitestReport {
  testResults: {
    /** The file's path. */
    name: string;
    status: string;
    assertionResults: { status: string; fullName: string }[];
  }[];
}

export interface TestReport {
  /** By the file's path. */
  passed: Record<string, number>;
  /** The names of those that failed, after their file's. A file that could not be loaded, or whose hook failed, is one. */
  failedTests: string[];
  failedFiles: string[];
}

export function readTestReport(json: string): TestReport {
  const { testResults } = JSON.parse(json) as VitestReport;
  const failed = testResults.filter(({ status }) => status === 'failed');
  const passed: TestReport['passed'] = {};
  for (const { name, assertionResults } of testResults) {
    passed[name] = (passed[name] ?? 0) + assertionResults.filter(({ status }) => status === 'passed').length;
  }
  return {
    passed,
    failedTests: failed.flatMap(({ name, assertionResults }) => {
      const failures = assertionResults.filter(({ status }) => status === 'failed');
      return failures.length === 0 ? [name] : failures.map(({ fullName }) => `${name} > ${fullName}`);
    }),
    failedFiles: [...new Set(failed.map(({ name }) => name))],
  };
}
