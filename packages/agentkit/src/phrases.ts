import { saysPhrase, words } from './words.ts';

/** What everybody says, in the languages that most profiles are written in. Folded and compared as words. */
const common = {
  greetings: [
    'hi',
    'hello',
    'hey',
    'hi there',
    'hello there',
    'good morning',
    'good afternoon',
    'good evening',
    'how are you',
    'how are you doing',
    'hope you are well',
    'שלום',
    'היי',
    'הי',
    'בוקר טוב',
    'ערב טוב',
    'מה שלומך',
    'מה נשמע',
    'مرحبا',
    'السلام عليكم',
    'bonjour',
    'bonsoir',
    'salut',
    'ça va',
    'hola',
    'buenos días',
    'buenas tardes',
    'buenas noches',
    'cómo estás',
    'qué tal',
    'hallo',
    'guten morgen',
    'guten tag',
    'guten abend',
    'wie geht es',
    'wie gehts',
    'ciao',
    'olá',
    'bom dia',
  ],
  thanks: [
    'thanks',
    'thank you',
    'thank you so much',
    'thank you very much',
    'thanks a lot',
    'many thanks',
    'thx',
    'ty',
    'cheers',
    'תודה',
    'תודה רבה',
    'شكرا',
    'merci',
    'merci beaucoup',
    'gracias',
    'muchas gracias',
    'mil gracias',
    'danke',
    'danke schön',
    'vielen dank',
    'grazie',
    'obrigado',
    'obrigada',
  ],
  goodbyes: [
    'bye',
    'bye bye',
    'goodbye',
    'see you',
    'see you soon',
    'see you tomorrow',
    'see you then',
    'have a nice day',
    'have a good day',
    'have a great day',
    'good night',
    'take care',
    'להתראות',
    'ביי',
    'לילה טוב',
    'יום טוב',
    'مع السلامة',
    'au revoir',
    'à bientôt',
    'bonne journée',
    'adiós',
    'hasta luego',
    'hasta mañana',
    'tschüss',
    'auf wiedersehen',
    'bis bald',
    'bis morgen',
    'schönen tag',
    'arrivederci',
    'tchau',
  ],
  acknowledgements: [
    'ok',
    'okay',
    'okey',
    'k',
    'kk',
    'ok ok',
    'alright',
    'all right',
    'fine',
    'sure',
    'got it',
    'great',
    'perfect',
    'cool',
    'nice',
    'super',
    'awesome',
    'sounds good',
    'no problem',
    'understood',
    'yes',
    'yep',
    'no',
    'lol',
    'haha',
    'hahaha',
    'wow',
    'בסדר',
    'אוקיי',
    'אוקי',
    'סבבה',
    'מעולה',
    'כן',
    'לא',
    'تمام',
    'd accord',
    'parfait',
    'oui',
    'non',
    'vale',
    'perfecto',
    'genial',
    'de acuerdo',
    'sí',
    'gut',
    'alles klar',
    'in ordnung',
    'ja',
    'nein',
    'passt',
    'va bene',
    'beleza',
  ],
} as const;

/** What stands beside one of these without changing what is meant. */
const politeness = [
  'please',
  'pls',
  'plz',
  'again',
  'all',
  'everyone',
  'there',
  'so',
  'much',
  'very',
  'then',
  'for',
  'your',
  'the',
  'help',
  'and',
  'you',
  'por',
  'favor',
  'bitte',
  's',
  'il',
  'vous',
  'plait',
  'בבקשה',
];
const polite = new Set(politeness.flatMap(words));

export type SmallTalk = keyof typeof common;

const phrasesOf = (list: readonly string[]): string[] => [...list].toSorted((a, b) => b.length - a.length);
const kinds = Object.entries(common).map(([kind, list]) => [kind as SmallTalk, phrasesOf(list)] as const);

/**
 * What kind of small talk a message is, where it is nothing else: `Ok great, thanks!` is thanks. A greeting counts least: whoever greets
 * and says goodbye says goodbye. Undefined where a word is left over. A message without a word, such as one of emoji, acknowledges.
 *
 * @param greetings of the profile, beside the common ones
 */
export function smallTalkOf(text: string, greetings: readonly string[] = []): SmallTalk | undefined {
  const all = words(text);
  if (all.length === 0) return /\p{Extended_Pictographic}/u.test(text) ? 'acknowledgements' : undefined;
  // Longer messages say something.
  if (all.length > 20) return undefined;
  const found = new Set<SmallTalk>();
  const left = new Set(all.keys());
  for (const [kind, phrases] of [...kinds, ['greetings', phrasesOf(greetings)] as const]) {
    for (const phrase of phrases) {
      const wanted = words(phrase);
      for (let at = 0; at + wanted.length <= all.length; at++) {
        if (!wanted.every((word, offset) => all[at + offset] === word && left.has(at + offset))) continue;
        for (const offset of wanted.keys()) left.delete(at + offset);
        found.add(kind);
      }
    }
  }
  if (found.size === 0 || [...left].some((at) => !polite.has(all[at] ?? ''))) return undefined;
  return (['thanks', 'goodbyes', 'greetings', 'acknowledgements'] as const).find((kind) => found.has(kind));
}

/** Verbs of a wish to be connected with somebody, and what may stand between them and whom they name. */
const wishVerbs = new Set(
  [
    'talk speak chat connect transfer reach contact want need get have is give put prefer ask',
    'hablar quiero necesito comunicarme hay pasar pasame',
    'sprechen möchte will brauche verbinden',
    'parler veux voudrais besoin joindre',
    'לדבר רוצה רוצָה צריך צריכה להעביר תעביר תעבירי',
    'parlare vorrei voglio falar quero preciso',
  ].flatMap((list) => words(list)),
);
const fillers = new Set(
  [
    'to with a an the me us my your our of some any one real actual live human please now there through on from just someone is i can could would like',
    'con un una a la el por favor alguien de',
    'mit einem einer eine einen ein der dem echten bitte',
    'à avec un une quelqu de le la s il vous plaît vrai',
    'עם אל ל את בבקשה אמיתי מישהו',
  ].flatMap((list) => words(list)),
);

/**
 * Whether somebody wishes for one of `nouns`: the noun is all that the message says, or follows a verb of wishing. A noun in passing
 * does not count (`How much is it per person?`). Nouns of several words count wherever they stand.
 */
export function wishesFor(asked: readonly string[], nouns: readonly string[]): boolean {
  return nouns.some((noun) => {
    const wanted = words(noun);
    if (wanted.length > 1) return saysPhrase(asked, noun);
    const [word] = wanted;
    return asked.some((said, at) => said === word && isWished(asked, at));
  });
}

function isWished(asked: readonly string[], at: number): boolean {
  let before = at - 1;
  let hasVerb = false;
  while (before >= 0) {
    const word = asked[before] ?? '';
    if (wishVerbs.has(word)) hasVerb = true;
    else if (!fillers.has(word) && !polite.has(word)) break;
    before -= 1;
  }
  if (hasVerb) return true;
  const isAlone = before < 0 && asked.slice(at + 1).every((word) => fillers.has(word) || polite.has(word));
  return isAlone;
}
