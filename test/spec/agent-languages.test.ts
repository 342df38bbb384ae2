import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { poll } from '@prosaas/devstack';
import type { Phone } from '@prosaas/simulators';
import { afterAll, afterEach, beforeAll, describe, test } from 'vitest';
import { parse } from 'yaml';
import { type FrontDesk, startFrontDesk } from './support/front-desk.ts';
import { outputOf } from './support/stack.ts';

/** Customers who write in five languages over the simulated WhatsApp get the profile's answers. */

type Texts = Record<string, string>;

interface Profile {
  hours: { onDay: { open: Texts; closed: Texts } };
  faq: { question: Texts; answer: Texts }[];
  handOff: { reply: Texts };
  optOut: { reply: Texts };
  smallTalk: { thanks: Texts };
  offer: Texts;
}

/** The entries of five-languages.yaml. */
const [address, price, cancelling, parking, payment] = [0, 1, 3, 4, 5] as const;

interface Conversation {
  language: string;
  /** The question with spelling mistakes. */
  price: string;
  address: string;
  sunday: string;
  openOn: (date: string) => string;
  addressAndParking: string;
  thanks: string;
  /** Hints at parking and cancelling, so that the agent offers questions. */
  vague: string;
  payment: string;
  person: string;
  optOut: string;
}

const conversations: Conversation[] = [
  {
    language: 'en',
    price: 'how mutch does a vist cost?',
    address: 'wich adress are you at?',
    sunday: 'are you open on Sunday?',
    openOn: (date) => `and are you open on ${date}?`,
    addressAndParking: 'where are you, and can I park my car there?',
    thanks: 'thx so much!!',
    vague: 'my car is big and I might not make the appointment',
    payment: 'do you take visa?',
    person: 'can I talk to a real person please?',
    optOut: 'please stop sending me these messages',
  },
  {
    language: 'es',
    price: 'q precio tiene la vistia',
    address: 'cual es su direcion?',
    sunday: '¿abren los domingos?',
    openOn: (date) => `¿y abren el ${date}?`,
    addressAndParking: 'dónde están y dónde puedo dejar el coche?',
    thanks: '¡muchísimas gracias!',
    vague: 'tengo el coche averiado y pronto es la cita',
    payment: '¿puedo pagar con tarjeta?',
    person: '¿puedo hablar con una persona de verdad?',
    optOut: 'por favor, dejen de mandarme mensajes',
  },
  {
    language: 'de',
    price: 'was kostet ein besuhc?',
    address: 'wie ist eure adrese?',
    sunday: 'habt ihr am Sonntag offen?',
    openOn: (date) => `und am ${date}, habt ihr da offen?`,
    addressAndParking: 'Wo seid ihr und wo kann ich mein Auto abstellen?',
    thanks: 'vielen lieben Dank!',
    vague: 'mein Auto ist riesig und den Termin schaffe ich vielleicht nicht',
    payment: 'geht auch EC-Karte?',
    person: 'kann ich bitte mit einem echten Menschen reden?',
    optOut: 'bitte schickt mir keine Nachrichten mehr',
  },
  {
    language: 'he',
    price: 'כמה עולה ביקורר?',
    address: 'מה הכתובט שלכם?',
    sunday: 'אתם פתוחים ביום ראשון?',
    openOn: (date) => `ואתם פתוחים ב־${date}?`,
    addressAndParking: 'איפה אתם והאם אפשר לחנות שם?',
    thanks: 'המון תודה',
    vague: 'האוטו שלי גדול ואולי אני לא אספיק לתור',
    payment: 'אפשר לשלם בכרטיס אשראי?',
    person: 'אפשר לדבר עם בן אדם אמיתי?',
    optOut: 'אני לא רוצה לקבל מכם יותר הודעות',
  },
  {
    language: 'fr',
    price: 'combien sa coute une visitte ?',
    address: 'quelle est votre adrese ?',
    sunday: 'vous êtes ouverts le dimanche ?',
    openOn: (date) => `et êtes-vous ouverts le ${date} ?`,
    addressAndParking: "c'est quoi l'adresse et où est-ce qu'on peut se garer ?",
    thanks: 'un grand merci',
    vague: 'ma voiture est énorme et je risque de rater le rendez-vous',
    payment: 'je peux payer par carte ?',
    person: 'je peux parler à une vraie personne ?',
    optOut: "arrêtez de m'envoyer des messages svp",
  },
];

/** A date with its own opening hours, which apply on any weekday. */
const openDate = new Date(Date.now() + 20 * 86_400_000);

const formatted = (language: string, date: Date, parts: Intl.DateTimeFormatOptions): string =>
  new Intl.DateTimeFormat(language, { ...parts, timeZone: 'UTC' }).format(date);

let profile: Profile;
let desk: FrontDesk;
beforeAll(async () => {
  const file = await readFile(join(import.meta.dirname, 'support/five-languages.yaml'), 'utf8');
  const text = file.replace(
    'openOn: {}',
    `openOn: {'${openDate.toISOString().slice(0, 10)}': ['10:15-12:45']}`,
  );
  profile = parse(text) as Profile;
  desk = await startFrontDesk({ profile: text });
});
afterEach(({ task }) => {
  if (task.result?.state === 'fail') console.log(outputOf(desk.stack).slice(-4000));
});
afterAll(() => desk?.[Symbol.asyncDispose]());

/** Sends a text and returns the answer. */
async function answerTo(phone: Phone, text: string): Promise<string> {
  const before = phone.received.length;
  await desk.write(phone, text);
  const got = await poll(() => phone.received.length > before && phone.received.slice(before), {
    what: `an answer to ${text}`,
    timeoutMs: 20_000,
  });
  return got.map((one) => one.text).join('\n');
}

const statusesOf = async (phone: Phone): Promise<string[]> => {
  const chats = await desk.api('GET', `/api/conversations?contact=${phone.number}`);
  const [chat] = (chats.body?.['items'] ?? []) as { id: string }[];
  const { body } = await desk.api('GET', `/api/conversations/${chat?.id}/messages`);
  return ((body?.['items'] ?? []) as { author: string; status: string }[]).map(
    ({ author, status }) => `${author} ${status}`,
  );
};

describe.concurrent('customers are answered in their language', () => {
  test.for(conversations)(
    '$language: a conversation from a price to a person',
    async (customer, { expect }) => {
      const { language } = customer;
      const { hours, faq, handOff, smallTalk, offer } = profile;
      const answerOf = (entry: number): string | undefined => faq[entry]?.answer[language];
      const phone = desk.whatsapp.addPhone({ pushName: `Customer ${language}` });
      expect(await answerTo(phone, customer.price)).toBe(answerOf(price));

      const [beforeDay, afterDay] = hours.onDay.closed[language]!.split('{day}');
      const closed = await answerTo(phone, customer.sunday);
      expect([closed.startsWith(beforeDay!), closed.endsWith(afterDay!)]).toEqual([true, true]);
      // 2023-01-01 was a Sunday.
      expect(closed).toContain(formatted(language, new Date('2023-01-01T12:00:00Z'), { weekday: 'long' }));
      const date = formatted(language, openDate, { day: 'numeric', month: 'long' });
      const day = formatted(language, openDate, { weekday: 'long', day: 'numeric', month: 'long' });
      expect(await answerTo(phone, customer.openOn(date))).toBe(
        hours.onDay.open[language]!.replace('{day}', day).replace('{hours}', '10:15-12:45'),
      );

      expect(await answerTo(phone, customer.addressAndParking)).toBe(
        `${answerOf(address)}\n\n${answerOf(parking)}`,
      );
      expect(await answerTo(phone, customer.thanks)).toBe(smallTalk.thanks[language]);

      const offered = await answerTo(phone, customer.vague);
      expect(offered.startsWith(offer[language]!.replace('{questions}', ''))).toBe(true);
      const line = offered.split('\n').find((one) => one.endsWith(` ${faq[cancelling]?.question[language]}`));
      expect(line).toMatch(/^[1-3]\. /);
      expect(await answerTo(phone, customer.payment)).toBe(answerOf(payment));
      expect(await answerTo(phone, line!.slice(0, 1))).toBe(answerOf(cancelling));

      // The same answer was sent before, so it is rephrased.
      const again = await answerTo(phone, customer.price);
      expect(again).toContain(answerOf(price));

      // On Sundays the reply also says when the business opens again.
      expect(await answerTo(phone, customer.person)).toContain(handOff.reply[language]);
      await desk.untilState(phone, 'waiting');
      const texts = phone.received.map(({ text }) => text);
      expect(new Set(texts).size).toBe(texts.length);
      expect(texts).toHaveLength(10);
    },
  );

  test.for(conversations)('$language: nothing is sent after an opt-out', async (customer, { expect }) => {
    const { language } = customer;
    const phone = desk.whatsapp.addPhone({ pushName: `Leaving ${language}` });
    expect(await answerTo(phone, customer.address)).toBe(profile.faq[address]?.answer[language]);
    expect(await answerTo(phone, customer.optOut)).toBe(profile.optOut.reply[language]);
    await desk.write(phone, customer.price);
    await poll(async () => (await statusesOf(phone))[0] === 'customer waiting_for_person', {
      what: 'the question to wait for a person',
      timeoutMs: 20_000,
    });
    const statuses = await statusesOf(phone);
    expect(statuses.filter((one) => one.startsWith('agent'))).toHaveLength(2);
    expect(phone.received).toHaveLength(2);
  });
});
