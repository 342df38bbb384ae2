// TwiML: the provider's instructions for a call.

export const twimlMediaType = 'text/xml; charset=utf-8';

export interface StreamAddresses {
  url: string;
  /** Called by the provider when the state of the stream changes. */
  statusCallback: string;
}

/** Opens a media stream; hangs up once the service closes it. */
export function connectStream(
  { url, statusCallback }: StreamAddresses,
  parameters: Record<string, string>,
): string {
  const inner = Object.entries(parameters)
    .map(([name, value]) => `<Parameter name="${escape(name)}" value="${escape(value)}"/>`)
    .join('');
  const attributes = `url="${escape(url)}" statusCallback="${escape(statusCallback)}"`;
  return response(`<Connect><Stream ${attributes}>${inner}</Stream></Connect><Hangup/>`);
}

export const rejectBusy: string = response('<Reject reason="busy"/>');

export const hangUp: string = response('<Hangup/>');

function response(verbs: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?><Response>${verbs}</Response>`;
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

function escape(text: string): string {
  return text.replaceAll(/[&<>"]/g, (character) => entities[character] ?? character);
}
