import type { Principal } from '@prosaas/http';
import { type LivePart, LiveScope, type Viewer } from './live-scope.ts';

/** How long a scope stays open without pages, so that a reloaded page finds the values already read. */
const LINGER_MS = 30_000;

interface OpenScope {
  scope: LiveScope;
  usedAt: number;
}

/** The scopes of open pages, one per kind of viewer. */
export class LiveViews implements Disposable {
  readonly #parts: readonly LivePart[];
  readonly #open = new Map<string, OpenScope>();
  readonly #timer: NodeJS.Timeout;

  constructor(parts: readonly LivePart[]) {
    this.#parts = parts;
    this.#timer = setInterval(() => this.#closeUnused(), LINGER_MS / 2).unref();
  }

  scopeFor(viewer: Viewer): LiveScope {
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

  #closeUnused(): void {
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
