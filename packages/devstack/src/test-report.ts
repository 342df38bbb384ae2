/** The used part of vitest's JSON report (`--reporter=json`, the same format as Jest's). */
interface VitestReport {
  testResults: {
    /** The file's path. */
    name: string;
    status: string;
    assertionResults: { status: string; fullName: string }[];
  }[];
}

export interface TestReport {
  /** The number of passed tests by the file's path. */
  passed: Record<string, number>;
  /** `<file> > <test>`, or only the file if it could not be loaded or a hook failed. */
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
