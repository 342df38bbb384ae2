import { fileURLToPath } from 'node:url';
import { bundleSources } from '@prosaas/devstack';

const entries = ['worker-process.ts', '../src/job-process.ts'].map((path) =>
  fileURLToPath(new URL(path, import.meta.url)),
);

/** Bundles the worker of proofs and tests with the script of its child processes, and returns the path of the worker's bundle. */
export async function bundleWorker(): Promise<string> {
  const [worker] = await bundleSources('worker-process', entries);
  return worker!;
}
