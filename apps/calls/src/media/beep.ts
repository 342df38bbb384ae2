import { encodeMulaw } from '@prosaas/agentkit';

/** Played instead of a phrase when the voice fails: 0.4 s of 440 Hz. */
export const beep: Uint8Array = encodeMulaw(
  Int16Array.from({ length: 3200 }, (_, at) => 6000 * Math.sin((2 * Math.PI * 440 * at) / 8000)),
);
