import { type ReadonlySignal, type Signal, useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { api, withQuery } from '../../lib/api.ts';

export interface QrCode {
  id: string;
  mimetype: string;
  /** base64 */
  data: string;
}

/** The api answers when there is a new code, or after 30 s. */
const TIME_LIMIT_MS = 40_000;
const PAUSE_MS = 2000;

/** The current QR code of a session while it is being paired. It is never stored, because it gives access to the account. */
export function useQr(id: string, isWanted: boolean): ReadonlySignal<QrCode | undefined> {
  const code = useSignal<QrCode | undefined>(undefined);
  useEffect(() => {
    if (!isWanted) return;
    const aborter = new AbortController();
    void pollCodes(id, code, aborter.signal);
    return () => {
      aborter.abort();
      code.value = undefined;
    };
  }, [id, isWanted]);
  return code;
}

async function pollCodes(id: string, code: Signal<QrCode | undefined>, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await untilVisible(signal);
    if (signal.aborted) return;
    const path = withQuery(`api/${encodeURIComponent(id)}/auth/qr`, { after: code.value?.id });
    try {
      const next = await api<QrCode>('GET', path, {
        headers: { accept: 'application/json' },
        limitMs: TIME_LIMIT_MS,
        signal,
      });
      if (!signal.aborted) code.value = next;
    } catch {
      // There is no code yet, or the api is away, which the page shows elsewhere.
      await pause(signal);
    }
  }
}

function pause(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const timer = setTimeout(resolve, PAUSE_MS);
    signal.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true });
  });
}

/** Waits while the page is hidden, so that no code is fetched then. */
async function untilVisible(signal: AbortSignal): Promise<void> {
  while (document.hidden && !signal.aborted)
    await new Promise((resolve) => {
      document.addEventListener('visibilitychange', resolve, { once: true, signal });
      signal.addEventListener('abort', resolve, { once: true });
    });
}
