// Words that stand beside numbers, in lower case and without marks.

/** Signs, codes and words of each currency. All dollars and pesos share a sign, so they share a name here; so do all kroner. */
const currencies: Readonly<Record<string, string>> = {
  EUR: '€ eur euro euros eurot eurow evro евро יורו אירו يورو 欧元 歐元 ユーロ 유로',
  $: '$ us$ a$ ca$ c$ nz$ mx$ usd aud cad nzd mxn ars clp dollar dollars dolar dolares dollari bucks peso pesos доллар доллара долларов דולר דולרים دولار دولارات 美元 ドル 달러',
  GBP: '£ gbp pound pounds quid sterling',
  ILS: '₪ ils nis shekel shekels sheqel sheqels שקל שקלים שח ש"ח ש״ח',
  '¥': '¥ jpy cny rmb yen yuan 円 元 块 圆',
  CHF: 'chf sfr fr. franken francs franchi',
  kr: 'kr kr. sek nok dkk isk krona kronor krone kroner',
  PLN: 'zł zl pln zloty zlotych',
  CZK: 'kč kc czk',
  HUF: 'huf forint',
  RUB: '₽ rub руб руб. рубль рубля рублей',
  UAH: '₴ uah грн гривен гривень',
  TRY: '₺ lira liras',
  INR: '₹ inr rs rs. rupee rupees',
  BRL: 'r$ brl reais',
  KRW: '₩ krw won 원',
  THB: '฿ thb baht บาท',
  AED: 'aed dirham dirhams درهم',
  SAR: 'sar riyal riyals ريال',
  EGP: 'egp جنيه',
  ZAR: 'zar rand',
  cent: 'cent cents centimes centimos ct pence אגורות',
};

/** Names of currencies by their forms. */
export const currencyNames: ReadonlyMap<string, string> = new Map(
  Object.entries(currencies).flatMap(([name, forms]) =>
    forms.split(' ').map((form) => [form, name] as const),
  ),
);

/** Forms that count only behind a number: "we won 3 prizes". */
const behindOnly = new Set('won rand bucks quid pound pounds cent cents ct pence sterling'.split(' '));

/** Forms that may stand before a number. */
export const currencySigns: readonly string[] = [...currencyNames.keys()].filter(
  (form) => !behindOnly.has(form),
);

/** Words that make a number behind them, in the same clause, a price. */
export const priceWords: readonly string[] = (
  'cost costs price prices priced fee fees charge charges rate pay pays kostet kosten preis preise gebuhr cuesta cuestan precio precios vale tarifa ' +
  'coute coutent prix tarif tarifs costa costano prezzo prezzi custa custam preco precos עולה עולים מחיר המחיר עלות תעריף стоит стоят цена цены يكلف سعر السعر ثمن'
).split(' ');

/** Words behind a number that show that it is not a price. */
export const otherUnits: readonly string[] = (
  'minute minutes min mins hour hours h hrs day days week weeks month months year years person persons people guest guests kg g km m cm ' +
  'minuten stunde stunden tag tage tagen woche wochen monat monate jahr jahre personen minuto minutos hora horas dia dias semana semanas mes meses ano anos personas ' +
  'heure heures jour jours semaine semaines mois an ans personnes דקות שעה שעות יום ימים שבוע שבועות חודש חודשים שנה שנים אנשים'
).split(' ');

export const percentWords: readonly string[] = [
  '%',
  '٪',
  'percent',
  'per cent',
  'prozent',
  'por ciento',
  'pour cent',
  'per cento',
  'por cento',
  'אחוז',
  'אחוזים',
  'процентов',
  'процента',
  'بالمئة',
];

export const multipliers: Readonly<Record<string, number>> = {
  k: 1000, thousand: 1000, tsd: 1000, tausend: 1000, mil: 1000, mille: 1000, אלף: 1000, אלפים: 1000, тысяч: 1000, тысячи: 1000, ألف: 1000,
  million: 1e6, millions: 1e6, mio: 1e6, millionen: 1e6, millones: 1e6, מיליון: 1e6, миллион: 1e6,
}; // prettier-ignore

const spelled = [
  'zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty',
  'null eins zwei drei vier funf sechs sieben acht neun zehn elf zwolf dreizehn vierzehn funfzehn sechzehn siebzehn achtzehn neunzehn zwanzig',
  'cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciseis diecisiete dieciocho diecinueve veinte',
  'zero un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize dix-sept dix-huit dix-neuf vingt',
  'אפס אחת שתיים שלוש ארבע חמש שש שבע שמונה תשע עשר - - - - - - - - - עשרים',
  'אפס אחד שניים שלושה ארבעה חמישה שישה שבעה שמונה תשעה עשרה',
  '- une שני',
].flatMap((line) => line.split(' ').map((word, value) => [word, value] as const)); // prettier-ignore
const tens = [
  'twenty thirty forty fifty sixty seventy eighty ninety hundred',
  'zwanzig dreissig vierzig funfzig sechzig siebzig achtzig neunzig hundert',
  'veinte treinta cuarenta cincuenta sesenta setenta ochenta noventa cien',
  'vingt trente quarante cinquante soixante soixante-dix quatre-vingts quatre-vingt-dix cent',
  'עשרים שלושים ארבעים חמישים שישים שבעים שמונים תשעים מאה',
].flatMap((line) => line.split(' ').map((word, at) => [word, (at + 2) * 10] as const)); // prettier-ignore

/** Values of the number words of five languages. */
export const numberWords: ReadonlyMap<string, number> = new Map(
  [
    ...spelled,
    ...tens,
    ['zweihundert', 200] as const,
    ['doscientos', 200] as const,
    ['מאתיים', 200] as const,
  ].filter(([word]) => word !== '-'),
);

/** Languages whose month names are known. */
const monthLanguages = [
  'en',
  'de',
  'es',
  'fr',
  'it',
  'pt',
  'nl',
  'pl',
  'ru',
  'uk',
  'he',
  'ar',
  'tr',
  'sv',
  'da',
  'el',
];

/** Short month names that are everyday words in another language: "20 out of 30". */
const everyday = new Set(['out', 'set', 'ago', 'gen']);

/** Numbers of months by their folded names: long, short, and the form beside a day (`января`). */
export function monthNames(fold: (text: string) => string): Map<string, number> {
  const names = new Map<string, number>();
  for (const language of monthLanguages) {
    for (const options of [
      { month: 'long' },
      { month: 'short' },
      { month: 'long', day: 'numeric' },
    ] as const) {
      const format = new Intl.DateTimeFormat(language, {
        ...options,
        timeZone: 'UTC',
        calendar: 'gregory',
        numberingSystem: 'latn',
      });
      for (let month = 1; month <= 12; month++) {
        const part = format.formatToParts(Date.UTC(2026, month - 1, 1)).find(({ type }) => type === 'month');
        const name = fold(part?.value ?? '').replace(/\.$/, '');
        if (/^\p{L}{3,}$/u.test(name) && !everyday.has(name) && !names.has(name)) names.set(name, month);
      }
    }
  }
  return names;
}
