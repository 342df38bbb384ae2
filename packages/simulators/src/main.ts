import { startControlServer } from './control/server.ts';
import { whatsappRoutes } from './control/whatsapp-routes.ts';
import { telephonyRoutes } from './telephony/control-routes.ts';
import { startRestApi } from './telephony/rest-api.ts';
import { startTelephonyProvider } from './telephony/provider.ts';
import { startWhatsAppServer } from './whatsapp/server.ts';

/**
 * The simulator as a process: WhatsApp on one port, the control API on another. Calls where TWILIO_AUTH_TOKEN is set, with the
 * provider's REST API on a third.
 */
const host = process.env.SIM_HOST ?? '127.0.0.1';
const authToken = process.env.TWILIO_AUTH_TOKEN ?? '';

const stopped = Promise.withResolvers<void>();
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stopped.resolve());

{
  await using whatsapp = await startWhatsAppServer({ host, port: portOf('WHATSAPP_SIM_PORT', 9300) });
  await using api = authToken
    ? await startRestApi({
        authToken,
        host,
        port: portOf('TWILIO_SIM_PORT', 9302),
        ...(process.env.TWILIO_ACCOUNT_SID && { accountSid: process.env.TWILIO_ACCOUNT_SID }),
      })
    : undefined;
  const callsUrl = process.env.CALLS_URL ?? 'http://127.0.0.1:5050';
  await using telephony = startTelephonyProvider({
    authToken,
    webhookUrl: callsUrl,
    publicUrl: process.env.PUBLIC_URL ?? callsUrl,
    ...(api && { api }),
  });
  await using control = await startControlServer({
    host,
    port: portOf('SIM_CONTROL_PORT', 9301),
    routes: [
      { method: 'GET', path: '/health', handle: () => ({ body: { status: 'ok' } }) },
      ...whatsappRoutes(whatsapp),
      ...(authToken ? telephonyRoutes(telephony) : []),
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
