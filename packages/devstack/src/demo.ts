// `npm run demo`: a simulated phone asks, the stack that `npm start -- --simulator` runs answers, the metrics count.
import { poll } from './poll.ts';
import { countersOf, keysOf, printCounters, send, simulatedStack } from './demo-stack.ts';

const questions = ['When are you open?', 'How much does a visit cost?', 'May I bring my dog?'];

async function main(): Promise<void> {
  const stack = simulatedStack();
  const keys = keysOf(stack);
  const session = `demo-${Date.now().toString(36)}`;
  const business = `1555${String(Date.now()).slice(-7)}`;
  const customer = `1666${String(Date.now()).slice(-7)}`;

  console.log(`Pairing the WhatsApp session ${session}: the simulated handset ${business} scans the QR code`);
  const admin = { 'x-api-key': keys['ADMIN_KEY'] ?? '' };
  await send(`${stack.baileys}/api/sessions`, { name: session }, admin);
  const qr = await poll(
    async () => {
      const response = await fetch(`${stack.baileys}/api/${session}/auth/qr?format=raw`, { headers: admin });
      return response.ok && response.text();
    },
    { timeoutMs: 30_000, everyMs: 200, what: 'the QR code' },
  );
  await send(`${stack.simulator}/scan`, { qr, number: business });

  await send(`${stack.simulator}/phones`, { number: customer, pushName: 'Ana' });
  for (const [index, question] of questions.entries()) {
    console.log(`\n  Ana      ${question}`);
    await send(`${stack.simulator}/phones/${customer}/send`, {
      account: business,
      text: question,
      wait: true,
    });
    const texts = await poll(
      async () => {
        const response = await fetch(`${stack.simulator}/phones/${customer}/messages?after=${index}`);
        const { messages } = (await response.json()) as { messages: { text: string }[] };
        return messages.length > 0 && messages.map(({ text }) => text);
      },
      { timeoutMs: 30_000, everyMs: 100, what: 'the answer' },
    );
    for (const text of texts) console.log(`  ProSaaS  ${text}`);
  }

  // A publishing interval: every process says once a second what it has counted.
  const counters = await poll(
    async () => {
      const found = await countersOf(stack, keys);
      return (found['whatsapp_outbound_messages'] ?? 0) >= questions.length && found;
    },
    { timeoutMs: 10_000, everyMs: 500, what: 'the metrics' },
  );
  printCounters(stack, counters);
}

try {
  await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
