// Started by start-settings.ts: prints the faults of all services' settings as a JSON array. It is a process of its own, because it loads
// code of every service.
import { serviceNames } from './service-program.ts';

interface Runtime {
  loadConfig(schema: unknown, env: NodeJS.ProcessEnv): unknown;
  ConfigError: new () => Error & { problems: readonly string[] };
}

// Imported by path, not by name, because the tests of these packages depend on this one.
const load = (path: string): Promise<unknown> => import(new URL(`../../../${path}`, import.meta.url).href);

const { loadConfig, ConfigError } = (await load('packages/runtime/src/index.ts')) as Runtime;
const faults = new Set<string>();
for (const name of serviceNames) {
  // oxlint-disable-next-line no-await-in-loop -- one after the other
  const config = (await load(`apps/${name}/src/config.ts`)) as Record<string, { properties?: object }>;
  for (const schema of Object.values(config).filter(({ properties }) => properties !== undefined)) {
    try {
      loadConfig(schema, process.env);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      for (const problem of error.problems) faults.add(problem);
    }
  }
}
process.stdout.write(JSON.stringify([...faults]));
