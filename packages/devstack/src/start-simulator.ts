import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Child, startChild } from './child.ts';
import { poll } from './poll.ts';

const simulators = fileURLToPath(new URL('../../simulators/', import.meta.url));

export interface Simulator extends AsyncDisposable {
  /** Where its phones are played. */
  control: string;
  exited: Promise<number | NodeJS.Signals>;
  /** What makes the services use it instead of WhatsApp. */
  env: Record<string, string>;
}

/** A simulated WhatsApp as a process beside the services. */
export async function startSimulator(
  ports: { whatsapp: number; control: number },
  onLine: (line: string) => void,
): Promise<Simulator> {
  const child: Child = await startChild({
    name: 'simulator',
    command: process.execPath,
    args: ['--conditions=@prosaas/source', join(simulators, 'src', 'main.ts')],
    stage: 'services',
    env: {
      ...process.env,
      WHATSAPP_SIM_PORT: String(ports.whatsapp),
      SIM_CONTROL_PORT: String(ports.control),
    },
    onLine,
  });
  const control = `http://127.0.0.1:${ports.control}`;
  await poll(async () => !child.running() || (await fetch(`${control}/health`)).ok, {
    timeoutMs: 30_000,
    everyMs: 100,
    what: 'the simulator',
  });
  if (!child.running()) throw new Error(`the simulator ended at once:\n${child.output()}`);
  const preload = new URL('../../simulators/preload/whatsapp-trust.mjs', import.meta.url);
  return {
    control,
    exited: child.exited,
    env: {
      WHATSAPP_WS_URL: `ws://127.0.0.1:${ports.whatsapp}`,
      NODE_OPTIONS: `${process.env['NODE_OPTIONS'] ?? ''} --import ${preload.href}`.trim(),
    },
    [Symbol.asyncDispose]: async () => {
      await child.stop();
    },
  };
}
