import { type Signal, batch, computed, signal } from '@preact/signals';
import { get, me } from './api.ts';
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
/** The api pings every 5 s. */
const SILENCE_MS = 12_000;
/** A stream that ended so often before a first word is one that a proxy does not let through. */
const FAILURES_UNTIL_POLLING = 2;

let source: EventSource | undefined;
let lastId = '';
let failures = 0;
let pollTimer: ReturnType<typeof setTimeout> | undefined;
let running = false;

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

function connect(): void {
  source?.close();
  const stream = new EventSource(`api/console/stream${lastId === '' ? '' : `?since=${lastId}`}`);
  source = stream;
  let isHeard = false;
  stream.addEventListener('state', ({ data, lastEventId }) => {
    isHeard = true;
    failures = 0;
    const { at, parts: changed } = JSON.parse(String(data)) as Omit<State, 'id'>;
    apply({ id: lastEventId, at, parts: changed });
    connection.value = 'live';
  });
  stream.addEventListener('ping', ({ data }) => {
    hear(Number(data));
    connection.value = 'live';
  });
  stream.addEventListener('signed-out', () => {
    me.value = null;
  });
  stream.addEventListener('error', () => {
    if (source !== stream) return;
    stream.close();
    if (!isHeard) failures += 1;
    connection.value = failures >= FAILURES_UNTIL_POLLING ? connection.value : 'away';
    if (failures >= FAILURES_UNTIL_POLLING) poll();
    else schedule(connect, 1000);
  });
}

function poll(): void {
  void (async () => {
    try {
      apply(await get<State>(`api/console/state${lastId === '' ? '' : `?since=${lastId}`}`));
      connection.value = 'polling';
      // Tried again now and then: the proxy may be another one by now.
      failures += 1;
      if (failures % 12 === 0) connect();
      else schedule(poll, POLL_MS);
    } catch {
      connection.value = 'away';
      // The next that is tried is a stream: the api may come back as it was.
      failures = FAILURES_UNTIL_POLLING - 1;
      schedule(connect, 2000);
    }
  })();
}

function schedule(what: () => void, ms: number): void {
  clearTimeout(pollTimer);
  if (running) pollTimer = setTimeout(what, ms);
}

function begin(): void {
  if (running) return;
  running = true;
  connect();
}

function pause(): void {
  running = false;
  clearTimeout(pollTimer);
  source?.close();
  source = undefined;
}

/** Whether somebody sees the page. */
export const isSeen = signal(!globalThis.document?.hidden);
/** Listens also while nobody sees the page: somebody wants to be told of something. */
export const listensUnseen = signal(false);

/** Listens while somebody is signed in and sees the page. */
export function startLive(): void {
  const follow = (): void => {
    if (me.value && (isSeen.value || listensUnseen.value)) begin();
    else pause();
  };
  document.addEventListener('visibilitychange', () => {
    isSeen.value = !document.hidden;
    follow();
  });
  listensUnseen.subscribe(follow);
  me.subscribe((who) => {
    // Another one sees other things.
    if (!who) {
      lastId = '';
      for (const part of parts.values()) part.value = undefined;
    }
    follow();
  });
  setInterval(() => {
    if (document.hidden) return;
    ticks.value = Date.now();
    if (running && source && heardAt.value > 0 && Date.now() - heardAt.value > SILENCE_MS) {
      connection.value = 'away';
      heardAt.value = 0;
      connect();
    }
  }, 1000);
}
