/** A probe, or a part of it: `/readyz/database`, `/metrics.json`. */
const probe = /^\/(?:healthz|livez|readyz|warmup|version|health|api\/health|metrics)(?:[./]|$)/;

export const isProbe = (path: string): boolean => probe.test(path);

/** Monitors may put a slash behind the path of a probe: it is answered as without. */
export function withoutProbeSlash(url: string): string {
  const query = url.indexOf('?');
  const end = query < 0 ? url.length : query;
  if (end < 2 || url[end - 1] !== '/' || !isProbe(url.slice(0, end))) return url;
  return url.slice(0, end - 1) + url.slice(end);
}
