/**
 * Tokens of a text, estimated by its characters, as no tokenizer fits every model: 4 of ASCII to a token (3 digits), 2 of other alphabets
 * (Cyrillic, Hebrew, Arabic, accented Latin), 1 of scripts without spaces (Chinese, Japanese, Korean, Thai); an emoji is 2 tokens. It errs to more.
 */
export function estimateTokens(text: string): number {
  let quarters = 0;
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    if (code >= 0x30 && code <= 0x39) quarters += 4 / 3;
    else if (code < 0x80) quarters += 1;
    else if (code < 0xe00) quarters += 2;
    else if (code < 0x1_0000) quarters += 4;
    else quarters += 8;
  }
  return Math.ceil(quarters / 4);
}
