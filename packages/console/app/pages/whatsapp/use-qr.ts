import { type ReadonlySignal, type Signal, useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { api, withQuery } from '../../lib/api.ts';

export interface QrCode {
  id: string;
  mimetype: string;
  /** base64 */
  data: string;
}

/** The api answers when there is a next code, or after 30 s. */
const LIMIT_MS = 40_000;
const PAUSE_MS = 2000;

/** The QR code of a session while it is to be paired, and each that follows it. Whoever has it can take the account: it is never kept. */
export function useQr(id: string, isWanted: boolean): ReadonlySignal<QrCode | undefined> {
  const code = useSignal<QrCode | undefined>(undefined);
  useEffect(() => {
    if (!isWanted) return;
    const leaving = new AbortController();
    void follow(id, code, leaving.signal);
    return () => {
      leaving.abort();
      code.value = undefined;
    };
  }, [id, isWanted]);
  return code;
}

async function follow(id: string, code: Signal<QrCode | undefined>, leaving: AbortSignal): Promise<void> {
  while (!leaving.aborted) {
    await untilSeen(leaving);
    if (leaving.aborted) return;
    const path = withQuery(`api/${encodeURIComponent(id)}/auth/qr`, { after: code.value?.id });
    try {
      const next = await api<QrCode>('GET', path, {
        headers: { accept: 'application/json' },
        limitMs: LIMIT_MS,
        signal: leaving,
      });
      if (!leaving.aborted) code.value = next;
    } catch {
      // None has come yet, or the api is away: the page says so by itself.
      await pause(leaving);
    }
  }
}

function pause(leaving: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (leaving.aborted) return resolve();
    const timer = setTimeout(resolve, PAUSE_MS);
    leaving.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true });
  });
}

/** A code that nobody looks at is not fetched. */
async function untilSeen(leaving: AbortSignal): Promise<void> {
  while (document.hidden && !leaving.aborted)
    await new Promise((resolve) => {
      document.addEventListener('visibilitychange', resolve, { once: true, signal: leaving });
      leaving.addEventListener('abort', resolve, { once: true });
    });
}
