import { startControlServer } from './control/server.ts';
import { whatsappRoutes } from './control/whatsapp-routes.ts';
import { startWhatsAppServer } from './whatsapp/server.ts';

/** The simulator as a process: WhatsApp on one port, the control API on another. */
const host = process.env.SIM_HOST ?? '127.0.0.1';

const stopped = Promise.withResolvers<void>();
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stopped.resolve());

{
  await using whatsapp = await startWhatsAppServer({ host, port: portOf('WHATSAPP_SIM_PORT', 9300) });
  await using control = await startControlServer({
    host,
    port: portOf('SIM_CONTROL_PORT', 9301),
    routes: [
      { method: 'GET', path: '/health', handle: () => ({ body: { status: 'ok' } }) },
      ...whatsappRoutes(whatsapp),
    ],
  });
  process.stdout.write(`${JSON.stringify({ whatsapp: whatsapp.url, control: control.url })}\n`);
  await stopped.promise;
}

function portOf(name: string, fallback: number): number {
  const port = Number(process.env[name] ?? fallback);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new Error(`${name} is not a port`);
  return port;
}
