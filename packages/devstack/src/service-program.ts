import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundlePath, bundleSources } from './bundle.ts';
import { askTestRun } from './test-run-broker.ts';

export const serviceNames = ['baileys', 'worker', 'calls', 'api'] as const;
export type ServiceName = (typeof serviceNames)[number];

export const repository: string = fileURLToPath(new URL('../../../', import.meta.url));
const source = (...path: string[]): string => join(repository, ...path);

export const serviceSource = (name: ServiceName): string => source('apps', name, 'src', 'main.ts');

const voice = source('packages', 'agentkit', 'src', 'voice-worker.ts');
const entries: Record<ServiceName, string[]> = {
  baileys: [serviceSource('baileys')],
  worker: [serviceSource('worker'), source('apps', 'worker', 'src', 'job-process.ts')],
  calls: [serviceSource('calls'), voice],
  api: [serviceSource('api')],
};

/** Bundles the services and the scripts that they start. */
export async function bundleServices(): Promise<void> {
  await Promise.all(serviceNames.map((name) => bundleSources(name, entries[name])));
}

/** The program of a service: its source, or a bundle of it in a run of tests, which start hundreds. */
export async function serviceProgram(name: ServiceName): Promise<string> {
  const bundled = await askTestRun('/bundles');
  return bundled === undefined ? serviceSource(name) : bundlePath(name, serviceSource(name));
}
