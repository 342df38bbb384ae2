/** A probe or one of its checks, such as `/readyz/database` or `/metrics.json`. */
const probe = /^\/(?:healthz|livez|readyz|warmup|version|health|api\/health|metrics)(?:[./]|$)/;

export const isProbe = (path: string): boolean => probe.test(path);

/** Drops a trailing slash from the path of a probe, which some monitors add. */
export function withoutProbeSlash(url: string): string {
  const query = url.indexOf('?');
  const end = query < 0 ? url.length : query;
  if (end < 2 || url[end - 1] !== '/' || !isProbe(url.slice(0, end))) return url;
  return url.slice(0, end - 1) + url.slice(end);
}
