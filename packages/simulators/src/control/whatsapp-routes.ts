import type { WhatsAppServer } from '../whatsapp/server.ts';
import type { Account, Phone } from '../whatsapp/types.ts';
import { ControlError, optionalChoice, optionalText, optionalTime, requireText } from './routes.ts';
import type { Route } from './routes.ts';

/** How long a scan waits for the client to log in again. */
const SCAN_TIMEOUT_MS = 30_000;

/** What the control API offers of a WhatsApp server. */
export function whatsappRoutes(server: WhatsAppServer): Route[] {
  const account = (number: string): Account => {
    const found = server.accounts.get(number.replace(/\D/g, ''));
    if (!found) throw new ControlError(404, `no account ${number}`);
    return found;
  };
  const phone = (number: string): Phone => {
    const found = server.phones.get(number.replace(/\D/g, ''));
    if (!found) throw new ControlError(404, `no phone ${number}`);
    return found;
  };

  return [
    {
      method: 'GET',
      path: '/accounts',
      handle: () => ({ body: { accounts: [...server.accounts.values()].map(viewAccount) } }),
    },
    {
      method: 'POST',
      path: '/scan',
      async handle({ body }) {
        const number = optionalText(body, 'number');
        const qr = requireText(body, 'qr');
        const pairing = orUnprocessable(server.scanQr(qr, number ? { number } : {}));
        const paired = await within(SCAN_TIMEOUT_MS, pairing);
        return { status: 201, body: viewAccount(paired) };
      },
    },
    {
      method: 'POST',
      path: '/accounts/:number/code',
      async handle({ param, body }) {
        const code = requireText(body, 'code');
        const pairing = orUnprocessable(server.enterPairingCode(param('number'), code));
        return { status: 201, body: viewAccount(await within(SCAN_TIMEOUT_MS, pairing)) };
      },
    },
    {
      method: 'POST',
      path: '/accounts/:number/close',
      handle({ param, body }) {
        const { code } = body;
        if (typeof code !== 'number') throw new ControlError(400, '"code" must be a number');
        server.closeWith(account(param('number')), code);
        return { status: 202 };
      },
    },
    {
      method: 'POST',
      path: '/accounts/:number/silence',
      handle({ param, body }) {
        server.silence(account(param('number')), body.on !== false);
        return { status: 202 };
      },
    },
    {
      method: 'POST',
      path: '/accounts/:number/write',
      async handle({ param, body }) {
        const { number, handset } = account(param('number'));
        const to = requireText(body, 'to');
        const id = optionalText(body, 'id');
        const sentAt = optionalTime(body, 'sentAt');
        const written = await handset.send(
          to.replace(/\D/g, '') === number ? 'self' : phone(to),
          requireText(body, 'text'),
          {
            ...(id && { id }),
            ...(sentAt && { sentAt }),
            addressing: optionalChoice(body, 'addressing', ['pn', 'lid']) ?? 'pn',
            alternate: optionalChoice(body, 'alternate', ['recipient', 'own', 'none']) ?? 'recipient',
            awaitDelivery: body.wait === true,
          },
        );
        return { status: 202, body: written };
      },
    },
    {
      method: 'POST',
      path: '/accounts/:number/automatic-replies',
      handle({ param, body }) {
        const greeting = optionalText(body, 'greeting');
        const away = optionalText(body, 'away');
        const replies = { ...(greeting && { greeting }), ...(away && { away }) };
        account(param('number')).handset.answerAutomatically(replies);
        return { status: 202 };
      },
    },
    {
      method: 'GET',
      path: '/phones',
      handle: () => ({ body: { phones: [...server.phones.values()].map(viewPhone) } }),
    },
    {
      method: 'POST',
      path: '/phones',
      handle({ body }) {
        const number = optionalText(body, 'number');
        const pushName = optionalText(body, 'pushName');
        const taken = number?.replace(/\D/g, '') ?? '';
        if (server.phones.has(taken) || server.accounts.has(taken)) {
          throw new ControlError(409, `the number ${number} is taken`);
        }
        const added = server.addPhone({ ...(number && { number }), ...(pushName && { pushName }) });
        return { status: 201, body: viewPhone(added) };
      },
    },
    {
      method: 'POST',
      path: '/phones/:number/send',
      async handle({ param, body }) {
        const id = optionalText(body, 'id');
        const to = account(requireText(body, 'account'));
        const sent = await phone(param('number')).sendText(to, requireText(body, 'text'), {
          ...(id && { id }),
          awaitDelivery: body.wait === true,
        });
        return { status: 202, body: sent };
      },
    },
    {
      method: 'POST',
      path: '/phones/:number/leave',
      handle({ param }) {
        phone(param('number')).leave();
        return { status: 202 };
      },
    },
    {
      method: 'GET',
      path: '/phones/:number/messages',
      handle({ param, query }) {
        const { received } = phone(param('number'));
        const after = Number(query.get('after') ?? 0);
        if (!Number.isInteger(after) || after < 0) throw new ControlError(400, '"after" must be a count');
        return { body: { messages: received.slice(after), next: received.length } };
      },
    },
  ];
}

async function orUnprocessable(pairing: Promise<Account>): Promise<Account> {
  try {
    return await pairing;
  } catch (cause) {
    throw new ControlError(422, cause instanceof Error ? cause.message : 'pairing failed', { cause });
  }
}

async function within<T>(timeoutMs: number, work: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const late = new ControlError(504, `the client did not log in within ${timeoutMs} ms`);
  const timer = setTimeout(() => reject(late), timeoutMs);
  try {
    return await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
  }
}

function viewAccount({ number, jid, lid, connected, pending }: Account): object {
  return { number, jid, lid, connected, pending };
}

function viewPhone({ number, jid, lid, pushName, received, unreadable }: Phone): object {
  return { number, jid, lid, pushName, received: received.length, unreadable };
}
