/** An element of TwiML, the provider's markup for handling a call. */
export interface Verb {
  name: string;
  attributes: Record<string, string>;
  children: Verb[];
  text: string;
}

export class TwimlError extends Error {
  override readonly name = 'TwimlError';
}

const token =
  /<\?[^>]*\?>|<!--[\s\S]*?-->|<(\/?)([A-Za-z][\w.-]*)((?:\s+[\w:.-]+\s*=\s*"[^"<]*")*)\s*(\/?)>|([^<]+)/gy;
const attribute = /([\w:.-]+)\s*=\s*"([^"]*)"/g;

/** The verbs inside `<Response>`, in order. @throws TwimlError for anything that is not well-formed. */
export function readTwiml(xml: string): Verb[] {
  const root: Verb = { name: '', attributes: {}, children: [], text: '' };
  const open: Verb[] = [root];
  token.lastIndex = 0;
  while (token.lastIndex < xml.length) {
    const at = token.lastIndex;
    const match = token.exec(xml);
    if (!match) throw new TwimlError(`not well-formed at character ${at}`);
    const [, closing, name, attributes = '', selfClosing, text] = match;
    const parent = open.at(-1) as Verb;
    if (text !== undefined) {
      parent.text += unescape(text);
      if (parent === root && text.trim() !== '') throw new TwimlError('text outside of the root');
    } else if (name !== undefined && closing === '/') {
      if (open.length < 2 || open.pop()?.name !== name) throw new TwimlError(`</${name}> closes nothing`);
    } else if (name !== undefined) {
      const verb: Verb = { name, attributes: readAttributes(attributes), children: [], text: '' };
      parent.children.push(verb);
      if (selfClosing !== '/') open.push(verb);
    }
  }
  const [response, ...others] = root.children;
  if (open.length > 1) throw new TwimlError(`<${open.at(-1)?.name}> is not closed`);
  if (response?.name !== 'Response' || others.length > 0)
    throw new TwimlError('the root is not one <Response>');
  return response.children;
}

function readAttributes(text: string): Record<string, string> {
  return Object.fromEntries(
    [...text.matchAll(attribute)].map(([, name = '', value = '']) => [name, unescape(value)]),
  );
}

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function unescape(text: string): string {
  return text.replaceAll(/&([^;\s]*);?/g, (whole, name: string) => {
    const known = entities[name];
    if (known === undefined || !whole.endsWith(';')) throw new TwimlError(`unknown entity ${whole}`);
    return known;
  });
}
