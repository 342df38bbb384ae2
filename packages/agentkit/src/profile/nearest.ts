import { editDistance } from '../edit-distance.ts';

/** The candidate that a mistyped word most likely means; undefined if none is near. */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  const wanted = word.toLowerCase();
  let found: string | undefined;
  let least = Math.min(3, Math.max(1, Math.floor(wanted.length / 3))) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(wanted, candidate.toLowerCase(), least - 1);
    if (distance < least) [least, found] = [distance, candidate];
  }
  return found;
}
