import { randomBytes } from 'node:crypto';

/** What a page may see: what the metrics token opens, one business, or everything. */
export interface Viewer {
  kind: 'metrics' | 'business' | 'admin';
  businessId?: string;
}

/** A value that open pages show and that changes without a request. */
export interface LivePart {
  name: string;
  seenBy: readonly Viewer['kind'][];
  intervalMs: number;
  /** Reads the value. Its size must not grow with the number of records. */
  read(viewer: Viewer): unknown;
}

/** The last value that could be read; `failed` is the error code while the part cannot be read. */
interface PartState {
  value: unknown;
  failed: string | null;
}

/** Changed parts, serialized; `id` identifies the resulting state. */
export interface Update {
  id: string;
  /** JSON: `{"at": ms, "parts": {name: PartState}}` */
  data: string;
}

const TICK_MS = 1000;
const READ_TIMEOUT_MS = 5000;

interface Entry {
  part: LivePart;
  json: string;
  value: unknown;
  /** The scope's version at the last change; 0: not read yet. */
  version: number;
  dueAt: number;
  reading: boolean;
}

/**
 * The state for all pages of one kind of viewer. Each part is read once for all of them, on a timer, and only changes are sent on:
 * a thousand pages cost the database as much as one.
 */
export class LiveScope implements Disposable {
  readonly #viewer: Viewer;
  readonly #entries: Entry[];
  /** Identifies this scope: ids of other scopes, or from before a restart, are unknown here. */
  readonly #epoch = randomBytes(9).toString('base64url');
  readonly #timer: NodeJS.Timeout;
  readonly #listeners = new Set<(update: Update) => void>();
  #version = 0;
  #sentVersion = 0;
  #firstRead: Promise<void>;

  constructor(viewer: Viewer, parts: readonly LivePart[]) {
    this.#viewer = viewer;
    this.#entries = parts
      .filter(({ seenBy }) => seenBy.includes(viewer.kind))
      .map((part) => ({ part, json: '', value: null, version: 0, dueAt: 0, reading: false }));
    this.#firstRead = this.#readDue();
    this.#timer = setInterval(() => this.#tick(), TICK_MS).unref();
  }

  get listeners(): number {
    return this.#listeners.size;
  }

  /** The current state, or what changed after the state `since`. Waits until each part has been read once or timed out. */
  async snapshot(since?: string): Promise<Update> {
    await this.#firstRead;
    return this.#changedAfter(this.#versionOf(since));
  }

  listen(listener: (update: Update) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#listeners.clear();
  }

  /** 0 for an id of another scope or from the future: the page then gets everything. */
  #versionOf(id: string | undefined): number {
    const [epoch, version] = id?.split('.') ?? [];
    const known = Number(version);
    return epoch === this.#epoch && Number.isInteger(known) && known <= this.#version ? known : 0;
  }

  #changedAfter(version: number): Update {
    const parts = this.#entries
      .filter((entry) => entry.version > version)
      .map(({ part, json }) => `${JSON.stringify(part.name)}:${json}`);
    return {
      id: `${this.#epoch}.${this.#version}`,
      data: `{"at":${Date.now()},"parts":{${parts.join(',')}}}`,
    };
  }

  #tick(): void {
    void this.#readDue();
    if (this.#version === this.#sentVersion) return;
    const update = this.#changedAfter(this.#sentVersion);
    this.#sentVersion = this.#version;
    for (const listener of this.#listeners) listener(update);
  }

  async #readDue(): Promise<void> {
    const now = performance.now();
    await Promise.all(
      this.#entries
        .filter(({ dueAt, reading }) => dueAt <= now && !reading)
        .map((entry) => this.#read(entry)),
    );
  }

  /** Resolves after the read or its time limit. A part is not read again before a slow read has finished. */
  async #read(entry: Entry): Promise<void> {
    entry.reading = true;
    entry.dueAt = performance.now() + entry.part.intervalMs;
    const { promise: settled, resolve: settle } = Promise.withResolvers<void>();
    const timer = setTimeout(() => {
      this.#set(entry, entry.value, 'TIMEOUT');
      settle();
    }, READ_TIMEOUT_MS);
    void (async () => {
      try {
        this.#set(entry, (await entry.part.read(this.#viewer)) ?? null, null);
      } catch (error) {
        this.#set(entry, entry.value, codeOf(error));
      } finally {
        clearTimeout(timer);
        entry.reading = false;
        settle();
      }
    })();
    await settled;
  }

  #set(entry: Entry, value: unknown, failed: string | null): void {
    const json = JSON.stringify({ value, failed } satisfies PartState);
    entry.value = value;
    if (json === entry.json) return;
    entry.json = json;
    this.#version += 1;
    entry.version = this.#version;
  }
}

function codeOf(error: unknown): string {
  const { code } = error as { code?: unknown };
  return typeof code === 'string' ? code : 'INTERNAL_ERROR';
}
