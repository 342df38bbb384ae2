/** Words that say nothing about what is asked. English only: in other languages every word counts. */
const stopWords = new Set(
  (
    'a about am an and any are as at be been but by can could d did do does for from get give had has have hello hey hi how ' +
    'i if in into is it its just know like ll m may me might my need of on or our please s shall should so some t tell thank ' +
    'thanks that the their them there they this to us ve want was we were what when where which who will with would you your ' +
    'again cant come dont go got hows id im ive let see theres time today tomorrow tonight u ur whats wheres'
  ).split(' '),
);

/** Text as it is compared: compatibility forms, case, accents and Hebrew/Arabic vowel points do not matter. */
function fold(text: string): string {
  return text.normalize('NFKD').replaceAll(/\p{M}/gu, '').toLowerCase();
}

/** The words of a text, folded; letters and digits of any script. Apostrophes vanish inside a word. */
export function words(text: string): string[] {
  return (
    fold(text)
      .replaceAll(/['’׳"״]/gu, '')
      .match(/[\p{L}\p{N}]+/gu) ?? []
  );
}

/** The words that carry meaning; all of them when none does. */
export function meaningfulWords(text: string): string[] {
  const all = words(text);
  const meaningful = all.filter((word) => !stopWords.has(word));
  return meaningful.length > 0 ? meaningful : all;
}

/** A crude English stem: plurals and -ing, enough to bring "refunds" to "refund". */
export function stem(word: string): string {
  if (!/^[a-z]+$/.test(word) || word.length < 4) return word;
  if (word.endsWith('ies') && word.length > 4) return `${word.slice(0, -3)}y`;
  if (word.endsWith('ing') && word.length > 5) return word.slice(0, -3);
  if (word.endsWith('s') && !word.endsWith('ss') && !word.endsWith('us')) return word.slice(0, -1);
  return word;
}

/** Whether the words of `phrase` stand in `text` one after another. */
export function saysPhrase(text: readonly string[], phrase: string): boolean {
  const wanted = words(phrase);
  if (wanted.length === 0) return false;
  return text.some((_, at) => wanted.every((word, offset) => text[at + offset] === word));
}
