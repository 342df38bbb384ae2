/** The path of a matched route, out of its pattern (`/api/:session/auth/qr`) and what its schema has let through. */
export function routePath(
  pattern: string,
  params: Readonly<Record<string, unknown>>,
  query: Readonly<Record<string, string | number | boolean | undefined>> = {},
): string {
  const path = pattern.replaceAll(/:(\w+)/g, (_part, name: string) => {
    const value = params[name];
    if (typeof value !== 'string' || /^\.{0,2}$/.test(value)) {
      throw new TypeError(`the parameter ${name} of ${pattern} is no segment of a path`);
    }
    return encodeURIComponent(value);
  });
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) search.set(name, String(value));
  return search.size === 0 ? path : `${path}?${search.toString()}`;
}
