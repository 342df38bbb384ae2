import { parentPort } from 'node:worker_threads';
import { loadFlite } from './flite.ts';
import { encodeMulaw } from './mulaw.ts';

/** The speech engine runs in a worker thread, because a sentence takes up to 0.1 s: five audio frames of every live call. */
const flite = await loadFlite();
const port = parentPort;
if (!port) throw new Error('runs as a worker thread');

port.on('message', ({ id, text }: { id: number; text: string }) => {
  try {
    const audio = encodeMulaw(flite.speak(text));
    port.postMessage({ id, audio }, [audio.buffer as ArrayBuffer]);
  } catch (error) {
    port.postMessage({ id, error: String(error) });
  }
});
