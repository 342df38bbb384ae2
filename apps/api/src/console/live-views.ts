import type { Principal } from '@prosaas/http';
import { type LivePart, LiveScope, type Viewer } from './live-scope.ts';

/** After the last page of a kind was closed: one that is only reloaded finds everything read. */
const LINGER_MS = 30_000;

interface Open {
  scope: LiveScope;
  usedAt: number;
}

/** The scopes that somebody looks at, one for each kind of viewer. */
export class LiveViews implements Disposable {
  readonly #parts: readonly LivePart[];
  readonly #open = new Map<string, Open>();
  readonly #timer: NodeJS.Timeout;

  constructor(parts: readonly LivePart[]) {
    this.#parts = parts;
    this.#timer = setInterval(() => this.#close(), LINGER_MS / 2).unref();
  }

  of(viewer: Viewer): LiveScope {
    const key = `${viewer.kind} ${viewer.businessId ?? ''}`;
    let open = this.#open.get(key);
    if (open === undefined) {
      open = { scope: new LiveScope(viewer, this.#parts), usedAt: 0 };
      this.#open.set(key, open);
    }
    open.usedAt = performance.now();
    return open.scope;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    for (const { scope } of this.#open.values()) scope[Symbol.dispose]();
    this.#open.clear();
  }

  #close(): void {
    const now = performance.now();
    for (const [key, { scope, usedAt }] of this.#open) {
      if (scope.listeners > 0 || now - usedAt < LINGER_MS) continue;
      scope[Symbol.dispose]();
      this.#open.delete(key);
    }
  }
}

export function viewerOf({ role, businessId }: Principal): Viewer {
  if (role === 'admin' || role === 'metrics') return { kind: role };
  return { kind: 'business', ...(businessId !== undefined && { businessId }) };
}

export const isSameViewer = (a: Viewer, b: Viewer): boolean =>
  a.kind === b.kind && a.businessId === b.businessId;
