import { parentPort } from 'node:worker_threads';
import { loadFlite } from './flite.ts';
import { encodeMulaw } from './mulaw.ts';

/** Speech is made off the main thread: a sentence takes up to 0.1 s, five frames of every live call. */
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
