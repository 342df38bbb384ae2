/** Which methods a path answers, by the routes that were registered; asked only when no route matched. */
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

  /** Sorted; empty for a path that no route has. */
  of(path: string): string[] {
    const found = new Set<string>();
    for (const { pattern, methods } of this.#routes.values()) {
      if (pattern.test(path)) for (const method of methods) found.add(method);
    }
    return [...found].toSorted();
  }
}

// Fastify's patterns: `:name`, `:name(regex)` and a `*` at the end. A part of a path is never longer than the router takes.
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
