/**
 * Asks vitest's global set-up for what the test files of a run share.
 *
 * @returns the answer; undefined outside a run of tests
 */
export async function askTestRun(path: '/postgres' | '/bundles'): Promise<string | undefined> {
  const broker = process.env['DEVSTACK_BROKER_URL'];
  if (!broker) return undefined;
  const response = await fetch(broker + path);
  const text = await response.text();
  if (!response.ok) throw new Error(`the set-up of this test run failed: ${text}`);
  return text;
}
