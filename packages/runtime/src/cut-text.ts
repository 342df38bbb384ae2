/**
 * The first `characters` code points of a text. Looks at no more than those, however long the text is, and never leaves half
 * of a surrogate pair.
 */
export function cutText(text: string, characters: number): string {
  if (text.length <= characters) return text;
  let end = 0;
  for (let count = 0; count < characters && end < text.length; count++) {
    const isHigh = (text.charCodeAt(end) & 0xfc00) === 0xd800;
    end += isHigh && (text.charCodeAt(end + 1) & 0xfc00) === 0xdc00 ? 2 : 1;
  }
  return text.slice(0, end);
}
