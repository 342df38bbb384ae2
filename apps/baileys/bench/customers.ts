import type { Account, Phone, WhatsAppServer } from '@prosaas/simulators';

const PHONES = 20;
const MESSAGES = 300;
const ANSWER_TIMEOUT_MS = 60_000;

/** Customers' phones that write to one account. */
export interface Talk {
  /** Sends one message; resolves when the phone shows its answer. */
  ask(): Promise<void>;
  /** Sends 300 messages from 20 phones at once; resolves with the number of answers per second. */
  askAtOnce(): Promise<number>;
}

/** Every phone sends one message first, so that all Signal sessions exist. */
export async function startCustomers(whatsapp: WhatsAppServer, account: Account): Promise<Talk> {
  const phones = Array.from({ length: PHONES }, () => whatsapp.addPhone());
  const singlePhone = whatsapp.addPhone();
  const answered = (phone: Phone, more: number): Promise<void> =>
    phone.waitForCount(phone.received.length + more, { timeoutMs: ANSWER_TIMEOUT_MS });
  const ask = async (phone: Phone): Promise<void> => {
    const answer = answered(phone, 1);
    await Promise.all([answer, phone.sendText(account, 'Do you take cash?', { awaitDelivery: false })]);
  };
  await Promise.all([singlePhone, ...phones].map(ask));

  return {
    ask: () => ask(singlePhone),
    async askAtOnce() {
      const before = performance.now();
      await Promise.all(
        phones.map(async (phone) => {
          const each = MESSAGES / PHONES;
          const all = answered(phone, each);
          for (let turn = 0; turn < each; turn++) {
            await phone.sendText(account, 'Do you take cash?', { awaitDelivery: false });
          }
          await all;
        }),
      );
      return (MESSAGES * 1000) / (performance.now() - before);
    },
  };
}
