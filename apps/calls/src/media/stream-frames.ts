export interface StartFrame {
  event: 'start';
  streamSid: string;
  callSid: string;
  parameters: Record<string, string>;
}

/** A frame that the provider sends on a media stream. */
export type StreamFrame =
  | { event: 'connected' }
  | StartFrame
  | { event: 'media'; audio: Uint8Array }
  | { event: 'dtmf'; digit: string }
  | { event: 'mark'; name: string }
  | { event: 'stop' }
  /** An event that this version does not know, to be ignored. */
  | { event: 'unknown' };

/** Undefined if the text is not a valid frame. */
export function parseStreamFrame(text: string): StreamFrame | undefined {
  let frame: unknown;
  try {
    frame = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isRecord(frame) || typeof frame['event'] !== 'string') return undefined;
  const inner = frame[frame['event']];
  const body = isRecord(inner) ? inner : {};
  switch (frame['event']) {
    case 'connected':
      return { event: 'connected' };
    case 'stop':
      return { event: 'stop' };
    case 'start':
      return parseStart(frame, body);
    case 'media':
      return parseMedia(body);
    case 'dtmf':
      return isText(body['digit'], 8) ? { event: 'dtmf', digit: body['digit'] } : undefined;
    case 'mark':
      return isText(body['name'], 200) ? { event: 'mark', name: body['name'] } : undefined;
    default:
      return { event: 'unknown' };
  }
}

function parseStart(frame: Record<string, unknown>, start: Record<string, unknown>): StreamFrame | undefined {
  const streamSid = start['streamSid'] ?? frame['streamSid'];
  const { callSid, customParameters, mediaFormat } = start;
  if (!isText(streamSid, 100) || !isText(callSid, 100)) return undefined;
  if (isRecord(mediaFormat) && mediaFormat['encoding'] !== 'audio/x-mulaw') return undefined;
  const parameters = Object.entries(isRecord(customParameters) ? customParameters : {}).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string',
  );
  return { event: 'start', streamSid, callSid, parameters: Object.fromEntries(parameters) };
}

function parseMedia(media: Record<string, unknown>): StreamFrame | undefined {
  const { payload, track } = media;
  if (typeof payload !== 'string') return undefined;
  // Our own audio, if the provider streams both tracks.
  if (track === 'outbound') return { event: 'unknown' };
  const audio = Buffer.from(payload, 'base64');
  return audio.length > 0 ? { event: 'media', audio } : undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isText(value: unknown, longest: number): value is string {
  return typeof value === 'string' && value !== '' && value.length <= longest;
}
