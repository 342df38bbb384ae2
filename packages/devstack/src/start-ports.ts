import { portOwner } from './port-owner.ts';
import { freePort, isPortFree } from './ports.ts';
import type { StackPorts } from './stack.ts';

const services = [
  { name: 'api', variable: 'API_PORT', defaultPort: 5000 },
  { name: 'calls', variable: 'CALLS_PORT', defaultPort: 5050 },
  { name: 'baileys', variable: 'BAILEYS_PORT', defaultPort: 3300 },
] as const;

const stores = [
  { name: 'postgres', title: 'PostgreSQL', defaultPort: 5432 },
  { name: 'redis', title: 'Redis', defaultPort: 6379 },
] as const;

/** A service's port is taken. Services never move to another port: each line says what takes it, and what to do. */
class PortsTakenError extends Error {
  override name = 'PortsTakenError';
}

/** The default ports, or those of the environment. PostgreSQL and Redis use another port if theirs is taken. */
export async function choosePorts(
  env: Record<string, string | undefined>,
  own: readonly ('postgres' | 'redis')[],
  say: (line: string) => void,
): Promise<Partial<StackPorts>> {
  const ports: Partial<StackPorts> = {};
  const problems: string[] = [];
  for (const { name, variable, defaultPort } of services) {
    const text = env[variable]?.trim() || String(defaultPort);
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
  if (problems.length > 0) throw new PortsTakenError(problems.join('\n'));

  for (const { name, title, defaultPort } of stores) {
    if (!own.includes(name)) continue;
    if (await isPortFree(defaultPort)) {
      ports[name] = defaultPort;
      continue;
    }
    const port = await freePort();
    ports[name] = port;
    const owner = (await portOwner(defaultPort)) ?? 'another process';
    say(`port ${defaultPort} is taken by ${owner}: the ${title} of this stack listens on ${port}`);
  }
  return ports;
}
