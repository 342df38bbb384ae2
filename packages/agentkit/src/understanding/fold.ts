/** What a letter with no decomposition is compared as. */
const letters: Record<string, string> = { ß: 'ss', æ: 'ae', œ: 'oe', ø: 'o', ł: 'l', đ: 'd', ı: 'i' };
const finals: Record<string, string> = { ך: 'כ', ם: 'מ', ן: 'נ', ף: 'פ', ץ: 'צ' };
const special: RegExp = new RegExp(`[${Object.keys({ ...letters, ...finals }).join('')}]`, 'gu');

/** Such a text needs lower case only, which is fast: most text of the language files is ASCII and is folded at each start. */
const isAscii = /^[\t\n\r -~]*$/;

/**
 * Text as it is compared: compatibility forms, case, marks, invisible characters and Hebrew final letters do not matter.
 * Cut a text before: NFKD makes 18 characters of U+FDFA.
 */
export function fold(text: string): string {
  if (isAscii.test(text)) return text.toLowerCase();
  return text
    .normalize('NFKD')
    .replaceAll(/[\p{M}\p{Cf}]/gu, '')
    .toLowerCase()
    .replaceAll(special, (letter) => letters[letter] ?? finals[letter] ?? letter);
}

/** The words of a text, folded; letters and digits of any script. Apostrophes vanish inside a word. */
export function words(text: string): string[] {
  return foldedWords(fold(text));
}

/** Each entry of a comma-separated list, as words. */
export const listedWords = (text: string): string[][] =>
  fold(text)
    .split(/[,\n]/)
    .map(foldedWords)
    .filter((phrase) => phrase.length > 0);

const foldedWords = (folded: string): string[] =>
  folded.replaceAll(/['’‘`´׳"״]/gu, '').match(/[\p{L}\p{N}]+/gu) ?? [];
