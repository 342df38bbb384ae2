/** The path of a matched route, built from its pattern (`/api/:session/auth/qr`) and its validated parameters. */
export function routePath(
  pattern: string,
  params: Readonly<Record<string, unknown>>,
  query: Readonly<Record<string, string | number | boolean | undefined>> = {},
): string {
  const path = pattern.replaceAll(/:(\w+)/g, (_part, name: string) => {
    const value = params[name];
    if (typeof value !== 'string' || /^\.{0,2}$/.test(value)) {
      throw new TypeError(`parameter ${name} of ${pattern} is not a valid path segment`);
    }
    return encodeURIComponent(value);
  });
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) search.set(name, String(value));
  return search.size === 0 ? path : `${path}?${search.toString()}`;
}
