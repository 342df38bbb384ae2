/**
 * Waits for background work whose failure must end the service. A rejection before `signal` aborts becomes an unhandled rejection,
 * which ends the process; one after it is ignored.
 *
 * @returns a promise that settles with the work and never rejects, for a shutdown to wait for
 */
export async function endOnFailure(work: Promise<unknown>, signal: AbortSignal): Promise<void> {
  // Thrown from a promise of its own: if `work` itself were awaited later, Node would warn that its rejection was handled late.
  void work.catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
  await Promise.allSettled([work]);
}
