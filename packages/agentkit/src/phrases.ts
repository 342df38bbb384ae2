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
    'thanks for your help',
    'thank you for your help',
    'thanks for the help',
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
    'lol',
    'haha',
    'hahaha',
    'wow',
    'בסדר',
    'אוקיי',
    'אוקי',
    'סבבה',
    'מעולה',
    'تمام',
    'd accord',
    'parfait',
    'vale',
    'perfecto',
    'genial',
    'de acuerdo',
    'gut',
    'alles klar',
    'in ordnung',
    'passt',
    'va bene',
    'beleza',
  ],
  /** Where somebody was asked something, an answer. */
  yesOrNo: [
    'yes',
    'yep',
    'yes please',
    'no',
    'nope',
    'sure',
    'כן',
    'לא',
    'نعم',
    'لا',
    'oui',
    'non',
    'sí',
    'ja',
    'nein',
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

/** As words, longest first. */
export const compilePhrases = (list: readonly string[]): string[][] =>
  list.map(words).toSorted((one, other) => other.length - one.length);
const kinds = Object.entries(common).map(
  ([kind, list]) => [kind as SmallTalk, compilePhrases(list)] as const,
);

/**
 * What kind of small talk a message is, where it is nothing else: `Ok great, thanks!` is thanks. A greeting counts least: whoever greets
 * and says goodbye says goodbye. Undefined where a word is left over. A message without a word, such as one of emoji, acknowledges.
 *
 * @param greetings of the profile, compiled, beside the common ones
 */
export function smallTalkOf(text: string, greetings: readonly string[][] = []): SmallTalk | undefined {
  const all = words(text);
  if (all.length === 0) return /\p{Extended_Pictographic}/u.test(text) ? 'acknowledgements' : undefined;
  // Longer messages say something.
  if (all.length > 20) return undefined;
  const found = new Set<SmallTalk>();
  const left = new Set(all.keys());
  for (const [kind, phrases] of [...kinds, ['greetings', greetings] as const]) {
    for (const wanted of phrases) {
      for (let at = 0; at + wanted.length <= all.length; at++) {
        if (!wanted.every((word, offset) => all[at + offset] === word && left.has(at + offset))) continue;
        for (const offset of wanted.keys()) left.delete(at + offset);
        found.add(kind);
      }
    }
  }
  if (found.size === 0 || [...left].some((at) => !polite.has(all[at] ?? ''))) return undefined;
  return (['yesOrNo', 'thanks', 'goodbyes', 'greetings', 'acknowledgements'] as const).find((kind) =>
    found.has(kind),
  );
}

const wordSet = (...lists: string[]): Set<string> => new Set(lists.flatMap((list) => words(list)));

/** Verbs of a wish to be connected with somebody. */
const wishVerbs = wordSet(
  'talk speak chat connect transfer reach contact want need prefer',
  'hablar quiero necesito comunicarme pasar pasame',
  'sprechen möchte will brauche verbinden',
  'parler veux voudrais besoin joindre',
  'לדבר רוצה צריך צריכה להעביר תעביר תעבירי',
  'parlare vorrei voglio falar quero preciso',
);
/** A wish with `me` behind them. */
const verbsWithMe = wordSet('get give put');
/** After these, `someone` is a wish for a person, too. */
const talkVerbs = wordSet('talk speak chat', 'hablar', 'sprechen', 'parler', 'לדבר', 'parlare falar');
const anybody = wordSet(
  'somebody someone anybody anyone',
  'alguien',
  'jemand jemandem jemanden',
  'quelqu',
  'מישהו',
  'qualcuno alguém',
);
/** What is asked of a person, in `Can a person call me?`. */
const services = wordSet('answer call help contact write phone ring talk speak me us');
const fillers = wordSet(
  'to with a an the us me my your our of some any real actual live human please now there through on from just someone is i can could would like',
  'con un una a la el por favor alguien de',
  'mit einem einer eine einen ein der dem echten bitte',
  'à avec un une quelqu de le la s il vous plaît vrai',
  'עם אל ל את בבקשה אמיתי מישהו',
);
const negations = wordSet('not dont never no', 'nicht', 'לא');
const calls = [
  'call me',
  'ring me',
  'phone me',
  'rufen sie mich an',
  'ruft mich an',
  'llámame',
  'llámenme',
  'rappelez moi',
  'תתקשרו אלי',
  'תחזרו אלי',
];

/** Whom a customer may ask for, compiled. */
export interface WishedFor {
  words: ReadonlySet<string>;
  phrases: readonly string[];
}

export const compileWishes = (nouns: readonly string[]): WishedFor => ({
  words: wordSet(...nouns.filter((noun) => words(noun).length === 1)),
  phrases: [...calls, ...nouns.filter((noun) => words(noun).length > 1)],
});

/**
 * Whether somebody wishes for one of them, for anybody to talk to, or for a call. A noun counts where it is all that the message says, or
 * follows a verb of wishing; in passing it does not (`How much is it per person?`). Nouns of several words count wherever they stand.
 */
export function wishesFor(asked: readonly string[], wished: WishedFor): boolean {
  return (
    wished.phrases.some((phrase) => saysPhrase(asked, phrase)) ||
    asked.some((said, at) => wished.words.has(said) && isWished(asked, at)) ||
    asked.some((said, at) => anybody.has(said) && verbBefore(asked, at, talkVerbs).hasVerb)
  );
}

function isWished(asked: readonly string[], at: number): boolean {
  const { hasVerb, isFirst } = verbBefore(asked, at, wishVerbs);
  const isService = (word: string): boolean => services.has(word) || fillers.has(word) || polite.has(word);
  return hasVerb || (isFirst && asked.slice(at + 1).every(isService));
}

/** Looks for one of `verbs` before a place, with nothing but fillers between. isFirst: nothing else stands there at all. */
function verbBefore(
  asked: readonly string[],
  at: number,
  verbs: ReadonlySet<string>,
): { hasVerb: boolean; isFirst: boolean } {
  let before = at - 1;
  let hasVerb = false;
  for (; before >= 0; before -= 1) {
    const word = asked[before] ?? '';
    if (verbs.has(word) || (verbsWithMe.has(word) && asked[before + 1] === 'me')) {
      if (negations.has(asked[before - 1] ?? '')) return { hasVerb: false, isFirst: false };
      hasVerb = true;
    } else if (!fillers.has(word) && !polite.has(word)) break;
  }
  return { hasVerb, isFirst: before < 0 };
}
