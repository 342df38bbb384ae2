import { type Signal, batch, computed, signal } from '@preact/signals';
import { get, me, withQuery } from './api.ts';
import type { LiveValues } from './live-values.ts';

/** The last value of a part. */
export interface PartState<T> {
  value: T | null;
  /** Error code when the value is out of date; null otherwise. */
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

/** A live value with its state; undefined until it has arrived. Only components that read it render again when it changes. */
export function live<N extends keyof LiveValues>(name: N): PartState<LiveValues[N]> | undefined {
  return partSignal(name).value as PartState<LiveValues[N]> | undefined;
}

/** A live value; null while it is unknown. */
export const liveValue = <N extends keyof LiveValues>(name: N): LiveValues[N] | null =>
  live(name)?.value ?? null;

/** How the page gets updates. `away`: not at all. */
export const connection = signal<'connecting' | 'live' | 'polling' | 'away'>('connecting');
/** When the last update came, in Unix ms of this machine; 0 before the first one. */
export const lastUpdateAt = signal(0);
/** The api's clock minus this machine's, in ms. */
const clockOffset = signal(0);
/** Unix ms of this machine, updated every second while the page is visible. */
const ticks = signal(Date.now());
/** Unix ms by the api's clock, updated every second while the page is visible. */
export const now = computed(() => ticks.value + clockOffset.value);

const POLL_INTERVAL_MS = 5000;
/** The api sends a ping every 5 s. A stream without an event for this long counts as broken. */
const STREAM_TIMEOUT_MS = 12_000;
/** Time limit for the first event of a stream. A proxy that buffers the stream lets none through. */
const FIRST_EVENT_TIMEOUT_MS = 8000;
/** Failed streams in a row before the page polls instead. */
const FAILURES_UNTIL_POLLING = 2;
/** Polls before a stream is tried again, in case the network has changed. */
const POLLS_UNTIL_STREAM = 60;

let lastId = '';

/** @param at the api's time in Unix ms */
function recordUpdate(at: number): void {
  lastUpdateAt.value = Date.now();
  if (at > 0) clockOffset.value = at - Date.now();
}

function apply(state: State): void {
  batch(() => {
    lastId = state.id;
    recordUpdate(state.at);
    for (const [name, part] of Object.entries(state.parts)) partSignal(name).value = part;
  });
}

/** One connection for live updates, by stream or polling, until `end`. */
class LiveConnection {
  readonly #ended = new AbortController();
  #source: EventSource | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** When the stream counts as broken unless an event comes. */
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

  /** To be called every second. */
  checkForTimeout(): void {
    if (Date.now() > this.#deadline) this.#onFailure();
  }

  #connect(): void {
    this.#source?.close();
    const stream = new EventSource(withQuery('api/console/stream', { since: lastId }));
    this.#source = stream;
    this.#deadline = Date.now() + FIRST_EVENT_TIMEOUT_MS;
    const onEvent = (): void => {
      this.#failures = 0;
      this.#deadline = Date.now() + STREAM_TIMEOUT_MS;
      connection.value = 'live';
    };
    stream.addEventListener('state', ({ data, lastEventId }) => {
      apply({ id: lastEventId, ...(JSON.parse(String(data)) as Omit<State, 'id'>) });
      onEvent();
    });
    stream.addEventListener('ping', ({ data }) => {
      recordUpdate(Number(data));
      onEvent();
    });
    stream.addEventListener('signed-out', () => {
      me.value = null;
    });
    stream.addEventListener('error', () => {
      if (this.#source === stream) this.#onFailure();
    });
  }

  #onFailure(): void {
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

  async #poll(remaining: number): Promise<void> {
    try {
      const state = await get<State>(withQuery('api/console/state', { since: lastId }), this.#ended.signal);
      if (this.#ended.signal.aborted) return;
      apply(state);
      connection.value = 'polling';
      this.#later(() => (remaining > 1 ? void this.#poll(remaining - 1) : this.#connect()), POLL_INTERVAL_MS);
    } catch {
      if (this.#ended.signal.aborted) return;
      connection.value = 'away';
      // The api itself is away. When it is back, a stream is tried first.
      this.#failures = FAILURES_UNTIL_POLLING - 1;
      this.#later(() => this.#connect(), 2000);
    }
  }

  #later(run: () => void, ms: number): void {
    clearTimeout(this.#timer);
    if (!this.#ended.signal.aborted) this.#timer = setTimeout(run, ms);
  }
}

/** Whether the page is visible. */
export const isPageVisible = signal(!globalThis.document?.hidden);
/** Whether to keep the connection while the page is hidden, for notifications. */
export const listensInBackground = signal(false);

/** Connects while somebody is signed in and the page is visible. */
export function startLive(): void {
  let activeConnection: LiveConnection | undefined;
  const follow = (): void => {
    const shouldListen = Boolean(me.peek()) && (isPageVisible.peek() || listensInBackground.peek());
    if (shouldListen) activeConnection ??= new LiveConnection();
    else {
      activeConnection?.end();
      activeConnection = undefined;
    }
  };
  document.addEventListener('visibilitychange', () => {
    isPageVisible.value = !document.hidden;
    follow();
  });
  listensInBackground.subscribe(follow);
  me.subscribe(() => {
    // Another person may see other values.
    activeConnection?.end();
    activeConnection = undefined;
    lastId = '';
    for (const part of parts.values()) part.value = undefined;
    follow();
  });
  setInterval(() => {
    activeConnection?.checkForTimeout();
    if (isPageVisible.peek()) ticks.value = Date.now();
  }, 1000);
}
