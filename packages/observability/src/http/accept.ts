export interface Acceptance {
  /** 0 (not wanted) to 1. */
  readonly quality: number;
  /** Whether the header names the type itself, and not only a wildcard. */
  readonly isNamed: boolean;
}

/**
 * The quality that an Accept header gives to a media type: that of the most specific range that matches it (RFC 9110, section 12.5.1).
 *
 * @param type in lower case, without parameters
 * @param isOurs whether the parameters of a range, such as its version, match what we send
 */
export function acceptanceOf(
  accept: string,
  type: string,
  isOurs: (parameters: ReadonlyMap<string, string>) => boolean = () => true,
): Acceptance {
  const wildcards = ['*/*', `${type.split('/', 1)[0]}/*`];
  const best = { quality: 0, rank: -1 };
  for (const range of accept.split(',')) {
    const [name = '', ...rest] = range.split(';').map((part) => part.trim().toLowerCase());
    const rank = name === type ? wildcards.length : wildcards.indexOf(name);
    if (rank < best.rank || rank < 0) continue;
    const parameters = new Map(rest.map(parameterOf));
    if (rank === wildcards.length && !isOurs(parameters)) continue;
    const quality = qualityOf(parameters.get('q'));
    best.quality = rank > best.rank ? quality : Math.max(best.quality, quality);
    best.rank = rank;
  }
  return { quality: best.quality, isNamed: best.rank === wildcards.length };
}

function parameterOf(text: string): [name: string, value: string] {
  const at = text.indexOf('=');
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1).replaceAll('"', '')];
}

function qualityOf(text = '1'): number {
  const quality = Number(text);
  return quality >= 0 && quality <= 1 ? quality : 0;
}

const HEALTH_JSON = 'application/health+json';

/** Whether an Accept header names `application/health+json`, with at least the quality of the type that is sent `otherwise`. */
export function wantsHealthJson(accept: string | undefined, otherwise: string): boolean {
  if (!accept || !/application\/health\+json/i.test(accept)) return false;
  const { quality, isNamed } = acceptanceOf(accept, HEALTH_JSON);
  const other = acceptanceOf(accept, otherwise.split(';', 1)[0]!);
  return isNamed && quality > 0 && quality >= other.quality;
}
