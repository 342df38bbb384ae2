import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Child, startChild } from './child.ts';
import { poll } from './poll.ts';

const simulators = fileURLToPath(new URL('../../simulators/', import.meta.url));

export interface Simulator extends AsyncDisposable {
  /** The base URL of its control API. */
  control: string;
  exited: Promise<number | NodeJS.Signals>;
  /** The settings that make the services use it instead of WhatsApp and the telephony provider. */
  env: Record<string, string>;
}

/** A simulated WhatsApp and a simulated telephony provider as a process beside the services. */
export async function startSimulator(
  ports: { whatsapp: number; control: number; telephony: number },
  callsUrl: string,
  onLine: (line: string) => void,
): Promise<Simulator> {
  const telephony = {
    TWILIO_AUTH_TOKEN: randomBytes(16).toString('hex'),
    TWILIO_ACCOUNT_SID: `AC${randomBytes(16).toString('hex')}`,
    PUBLIC_URL: callsUrl,
  };
  const child: Child = await startChild({
    name: 'simulator',
    command: process.execPath,
    args: ['--conditions=@prosaas/source', join(simulators, 'src', 'main.ts')],
    stopGroup: 'services',
    env: {
      ...process.env,
      WHATSAPP_SIM_PORT: String(ports.whatsapp),
      SIM_CONTROL_PORT: String(ports.control),
      TWILIO_SIM_PORT: String(ports.telephony),
      CALLS_URL: callsUrl,
      ...telephony,
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
      ...telephony,
      TWILIO_API_URL: `http://127.0.0.1:${ports.telephony}`,
      WHATSAPP_WS_URL: `ws://127.0.0.1:${ports.whatsapp}`,
      NODE_OPTIONS: `${process.env['NODE_OPTIONS'] ?? ''} --import ${preload.href}`.trim(),
    },
    [Symbol.asyncDispose]: async () => {
      await child.stop();
    },
  };
}
