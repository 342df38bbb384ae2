import { portOwner } from './port-owner.ts';
import { freePort, isPortFree } from './ports.ts';
import type { StackPorts } from './stack.ts';

const doors = [
  { name: 'api', variable: 'API_PORT', standard: 5000 },
  { name: 'calls', variable: 'CALLS_PORT', standard: 5050 },
  { name: 'baileys', variable: 'BAILEYS_PORT', standard: 3300 },
] as const;

const stores = [
  { name: 'postgres', title: 'PostgreSQL', standard: 5432 },
  { name: 'redis', title: 'Redis', standard: 6379 },
] as const;

/** People's doors are where they are expected or nowhere: each line says which port is taken, by what, and the way out. */
class PortsTaken extends Error {
  override name = 'PortsTaken';
}

/** The standard ports, or those that the environment names. PostgreSQL and Redis move aside when theirs is taken. */
export async function choosePorts(
  env: Record<string, string | undefined>,
  own: readonly ('postgres' | 'redis')[],
  say: (line: string) => void,
): Promise<Partial<StackPorts>> {
  const ports: Partial<StackPorts> = {};
  const problems: string[] = [];
  for (const { name, variable, standard } of doors) {
    const text = env[variable]?.trim() || String(standard);
    const port = Number(text);
    if (!Number.isInteger(port) || port < 1 || port > 65_535) {
      problems.push(`${variable} must be a port from 1 to 65535, not "${text}"`);
    } else if (await isPortFree(port)) {
      ports[name] = port;
    } else {
      const owner = (await portOwner(port)) ?? 'another process';
      problems.push(
        `port ${port} (${name}) is taken by ${owner}: stop that, or choose another one with ${variable}=${port > 50_000 ? port - 10_000 : port + 10_000}`,
      );
    }
  }
  if (problems.length > 0) throw new PortsTaken(problems.join('\n'));

  for (const { name, title, standard } of stores) {
    if (!own.includes(name)) continue;
    if (await isPortFree(standard)) {
      ports[name] = standard;
      continue;
    }
    const port = await freePort();
    ports[name] = port;
    const owner = (await portOwner(standard)) ?? 'another process';
    say(`port ${standard} is taken by ${owner}: the ${title} of this stack listens on ${port}`);
  }
  return ports;
}
