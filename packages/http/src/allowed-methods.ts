/** The methods of each registered path, for the `Allow` header. Looked up only when no route matched. */
export class AllowedMethods {
  readonly #routes = new Map<string, { pattern: RegExp; methods: Set<string> }>();

  add(url: string, methods: string | readonly string[]): void {
    let route = this.#routes.get(url);
    if (route === undefined) {
      route = { pattern: patternOf(url), methods: new Set() };
      this.#routes.set(url, route);
    }
    for (const method of [methods].flat()) route.methods.add(method);
  }

  /** Sorted; empty if no route has the path. */
  of(path: string): string[] {
    const allowed = new Set<string>();
    for (const { pattern, methods } of this.#routes.values()) {
      if (pattern.test(path)) for (const method of methods) allowed.add(method);
    }
    return [...allowed].toSorted();
  }
}

// Fastify's patterns: `:name`, `:name(regex)` and a `*` at the end.
function patternOf(url: string): RegExp {
  const source = url
    .split(/(:\w+(?:\([^/]*\))?\??|\*)/)
    .map((part) => {
      if (part === '*') return '.*';
      return part.startsWith(':') ? '[^/]+' : part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
    })
    .join('');
  return new RegExp(`^${source}$`);
}
