import { type Signal, batch, computed, signal } from '@preact/signals';
import { get, me, withQuery } from './api.ts';
import type { LiveValues } from './live-values.ts';

export interface PartState<T> {
  value: T | null;
  /** Why the value is an old one. */
  failed: string | null;
}

interface State {
  id: string;
  at: number;
  parts: Record<string, PartState<unknown>>;
}

const parts = new Map<string, Signal<PartState<unknown> | undefined>>();

function partSignal(name: string): Signal<PartState<unknown> | undefined> {
  let part = parts.get(name);
  if (part === undefined) parts.set(name, (part = signal(undefined)));
  return part;
}

/** A part of what the api tells by itself: only what reads a part is drawn anew when it changes. Undefined: not told yet. */
export function live<N extends keyof LiveValues>(name: N): PartState<LiveValues[N]> | undefined {
  return partSignal(name).value as PartState<LiveValues[N]> | undefined;
}

/** Its value alone: null while it is not known. */
export const liveValue = <N extends keyof LiveValues>(name: N): LiveValues[N] | null =>
  live(name)?.value ?? null;

/** How the page hears of changes. `away`: not at all. */
export const connection = signal<'connecting' | 'live' | 'polling' | 'away'>('connecting');
/** Unix ms of this machine, when the api was heard last. */
export const heardAt = signal(0);
/** The api's clock minus this machine's, in ms. */
const clockOffset = signal(0);
/** Unix ms by the api's clock, every second while the page is seen. */
const ticks = signal(Date.now());
export const now = computed(() => ticks.value + clockOffset.value);

const POLL_MS = 5000;
/** The api pings every 5 s: after this long without a word a stream is none. */
const SILENCE_MS = 12_000;
/** Time for the first word of a stream; a proxy that keeps it to itself says nothing at all. */
const FIRST_WORD_MS = 8000;
/** Streams that brought no word, one after the other, until the page asks instead. */
const FAILURES_UNTIL_POLLING = 2;
/** Polls until a stream is tried again: the proxy may be another one by then. */
const POLLS_UNTIL_STREAM = 60;

let lastId = '';

function hear(at: number): void {
  heardAt.value = Date.now();
  if (at > 0) clockOffset.value = at - Date.now();
}

function apply(state: State): void {
  batch(() => {
    lastId = state.id;
    hear(state.at);
    for (const [name, part] of Object.entries(state.parts)) partSignal(name).value = part;
  });
}

/** Hears of changes from its beginning to its end; nothing of it is heard after that. */
class Listening {
  readonly #ended = new AbortController();
  #source: EventSource | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** When the last word of the stream must have come. */
  #deadline = Infinity;
  #failures = 0;

  constructor() {
    this.#connect();
  }

  end(): void {
    this.#ended.abort();
    clearTimeout(this.#timer);
    this.#source?.close();
  }

  /** Every second: whether the stream still says something. */
  checkForSilence(): void {
    if (Date.now() > this.#deadline) this.#failed();
  }

  #connect(): void {
    this.#source?.close();
    const stream = new EventSource(withQuery('api/console/stream', { since: lastId }));
    this.#source = stream;
    this.#deadline = Date.now() + FIRST_WORD_MS;
    const heard = (): void => {
      this.#failures = 0;
      this.#deadline = Date.now() + SILENCE_MS;
      connection.value = 'live';
    };
    stream.addEventListener('state', ({ data, lastEventId }) => {
      apply({ id: lastEventId, ...(JSON.parse(String(data)) as Omit<State, 'id'>) });
      heard();
    });
    stream.addEventListener('ping', ({ data }) => {
      hear(Number(data));
      heard();
    });
    stream.addEventListener('signed-out', () => {
      me.value = null;
    });
    stream.addEventListener('error', () => {
      if (this.#source === stream) this.#failed();
    });
  }

  #failed(): void {
    this.#source?.close();
    this.#source = undefined;
    this.#deadline = Infinity;
    this.#failures += 1;
    if (this.#failures >= FAILURES_UNTIL_POLLING) void this.#poll(POLLS_UNTIL_STREAM);
    else {
      connection.value = 'away';
      this.#later(() => this.#connect(), 1000);
    }
  }

  async #poll(turns: number): Promise<void> {
    try {
      const state = await get<State>(withQuery('api/console/state', { since: lastId }), this.#ended.signal);
      if (this.#ended.signal.aborted) return;
      apply(state);
      connection.value = 'polling';
      this.#later(() => (turns > 1 ? void this.#poll(turns - 1) : this.#connect()), POLL_MS);
    } catch {
      if (this.#ended.signal.aborted) return;
      connection.value = 'away';
      // The api itself is away: what is tried first when it is back is a stream.
      this.#failures = FAILURES_UNTIL_POLLING - 1;
      this.#later(() => this.#connect(), 2000);
    }
  }

  #later(what: () => void, ms: number): void {
    clearTimeout(this.#timer);
    if (!this.#ended.signal.aborted) this.#timer = setTimeout(what, ms);
  }
}

/** Whether somebody sees the page. */
export const isSeen = signal(!globalThis.document?.hidden);
/** Listens also while nobody sees the page: somebody wants to be told of something. */
export const listensUnseen = signal(false);

/** Listens while somebody is signed in and sees the page. */
export function startLive(): void {
  let listening: Listening | undefined;
  const follow = (): void => {
    const shouldListen = Boolean(me.peek()) && (isSeen.peek() || listensUnseen.peek());
    if (shouldListen) listening ??= new Listening();
    else {
      listening?.end();
      listening = undefined;
    }
  };
  document.addEventListener('visibilitychange', () => {
    isSeen.value = !document.hidden;
    follow();
  });
  listensUnseen.subscribe(follow);
  me.subscribe(() => {
    // Another one sees other things.
    listening?.end();
    listening = undefined;
    lastId = '';
    for (const part of parts.values()) part.value = undefined;
    follow();
  });
  setInterval(() => {
    listening?.checkForSilence();
    if (isSeen.peek()) ticks.value = Date.now();
  }, 1000);
}
