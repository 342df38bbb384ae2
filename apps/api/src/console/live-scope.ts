import { randomBytes } from 'node:crypto';

/** Whom a view of the system is for: what the metrics token shows, one business, or all. */
export interface Viewer {
  kind: 'metrics' | 'business' | 'admin';
  businessId?: string;
}

/** One thing that open pages show and that changes by itself. */
export interface LivePart {
  name: string;
  seenBy: readonly Viewer['kind'][];
  everyMs: number;
  /** What is shown of it; small, whatever the number of records behind it. */
  read(viewer: Viewer): unknown;
}

/** A part as a page has it: `failed` says why the value is an old one. */
interface PartState {
  value: unknown;
  failed: string | null;
}

/** What changed, ready to be sent; `id` names the state that it leads to. */
export interface Update {
  id: string;
  /** JSON: `{"at": ms, "parts": {name: PartState}}` */
  data: string;
}

const TICK_MS = 1000;
const READ_LIMIT_MS = 5000;

interface Entry {
  part: LivePart;
  json: string;
  value: unknown;
  /** The state of the scope in which it changed last; 0: not read yet. */
  version: number;
  dueAt: number;
  reading: boolean;
}

/**
 * What all pages of one kind of viewer see. Each part is read once for all of them, on a timer, and only what changed is sent on:
 * a thousand pages cost the database what one does.
 */
export class LiveScope implements Disposable {
  readonly #viewer: Viewer;
  readonly #entries: Entry[];
  /** Of this scope alone: an id of another one, or of one before it, says nothing here. */
  readonly #epoch = randomBytes(9).toString('base64url');
  readonly #timer: NodeJS.Timeout;
  readonly #listeners = new Set<(update: Update) => void>();
  #version = 0;
  #sent = 0;
  #first: Promise<void>;

  constructor(viewer: Viewer, parts: readonly LivePart[]) {
    this.#viewer = viewer;
    this.#entries = parts
      .filter(({ seenBy }) => seenBy.includes(viewer.kind))
      .map((part) => ({ part, json: '', value: null, version: 0, dueAt: 0, reading: false }));
    this.#first = this.#readDue();
    this.#timer = setInterval(() => this.#tick(), TICK_MS).unref();
  }

  get listeners(): number {
    return this.#listeners.size;
  }

  /** What is there now, or what changed after the state `since`, once every part was read or had its time. */
  async snapshot(since?: string): Promise<Update> {
    await this.#first;
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

  /** Of another scope, or of the future: nothing of it is known. */
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
    if (this.#version === this.#sent) return;
    const update = this.#changedAfter(this.#sent);
    this.#sent = this.#version;
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

  /** Settles once it was read or had its time; one that takes longer is not asked again before it has answered. */
  async #read(entry: Entry): Promise<void> {
    entry.reading = true;
    entry.dueAt = performance.now() + entry.part.everyMs;
    const { promise: settled, resolve: settle } = Promise.withResolvers<void>();
    const timer = setTimeout(() => {
      this.#show(entry, entry.value, 'TIMEOUT');
      settle();
    }, READ_LIMIT_MS);
    void (async () => {
      try {
        this.#show(entry, (await entry.part.read(this.#viewer)) ?? null, null);
      } catch (error) {
        this.#show(entry, entry.value, codeOf(error));
      } finally {
        clearTimeout(timer);
        entry.reading = false;
        settle();
      }
    })();
    await settled;
  }

  #show(entry: Entry, value: unknown, failed: string | null): void {
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
