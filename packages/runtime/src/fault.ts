/**
 * For work in the background whose failure ends the service: its rejection is left to nobody, unless `signal` aborted before.
 *
 * @returns settles with the work and never rejects: what a shutdown waits for
 */
export async function endOnFailure(work: Promise<unknown>, signal: AbortSignal): Promise<void> {
  // A promise of its own: Node warns of a rejection that is handled after nobody had handled it.
  void work.catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
  await Promise.allSettled([work]);
}
