import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleSources } from './bundle.ts';
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

/** Bundles the services and the scripts that they start. Returns the paths of the services' bundles. */
export async function bundleServices(): Promise<Record<ServiceName, string>> {
  const bundled = serviceNames.map(async (name) => [name, (await bundleSources(name, entries[name]))[0]!]);
  return Object.fromEntries(await Promise.all(bundled)) as Record<ServiceName, string>;
}

/** The program of a service: its source, or a bundle of it in a run of tests, which start hundreds. */
export async function serviceProgram(name: ServiceName): Promise<string> {
  const bundled = await askTestRun('/bundles');
  if (bundled === undefined) return serviceSource(name);
  return (JSON.parse(bundled) as Record<ServiceName, string>)[name];
}
