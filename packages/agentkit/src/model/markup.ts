const blockEnd = /<(?:br|\/p|\/div|\/li|\/h[1-6]|\/tr)\b[^<>\n]{0,200}>/giu;
const tag =
  /<\/?(?:p|b|i|u|s|br|hr|strong|em|ul|ol|li|div|span|h[1-6]|a|code|pre|table|tr|td|th|blockquote)\b[^<>\n]{0,200}>/giu;

/** A model's text as WhatsApp shows it: without HTML, and bold and headings of Markdown as `*bold*`. */
export function withoutMarkup(text: string): string {
  return text
    .replaceAll(blockEnd, '\n')
    .replaceAll(tag, '')
    .replaceAll(/\*\*([^*\n]{1,500})\*\*/gu, '*$1*')
    .replaceAll(/^#{1,6}[ \t]+(.{1,500})$/gmu, '*$1*')
    .replaceAll(/\n{3,}/gu, '\n\n')
    .trim();
}
