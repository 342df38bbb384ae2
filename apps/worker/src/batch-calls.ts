interface PendingCall<I, O> {
  item: I;
  resolve: (outcome: O) => void;
  reject: (error: unknown) => void;
}

/** A batch that takes longer probably waits for a lock. The next batch starts without waiting for it. */
const SLOW_BATCH_MS = 20;

/**
 * Batches calls: those that arrive while a batch runs go together in the next one. A single call is not delayed; under load there are fewer
 * statements and commits. `runBatch` returns a result for each item, in order. A batch that fails is repeated item by item, so that an item
 * fails only by itself.
 */
export function batchCalls<I, O>(
  runBatch: (items: readonly I[]) => Promise<readonly O[]>,
  maxSize = 50,
): (item: I) => Promise<O> {
  const pending: PendingCall<I, O>[] = [];
  let isBusy = false;

  const settle = async (batch: readonly PendingCall<I, O>[]): Promise<void> => {
    try {
      const results = await runBatch(batch.map(({ item }) => item));
      for (const [index, { resolve }] of batch.entries()) resolve(results[index]!);
    } catch (error) {
      if (batch.length === 1) batch[0]!.reject(error);
      else await Promise.all(batch.map((one) => settle([one])));
    }
  };
  const startNext = (): void => {
    if (isBusy || pending.length === 0) return;
    isBusy = true;
    let hasContinued = false;
    const goOn = (): void => {
      clearTimeout(timer);
      if (hasContinued) return;
      hasContinued = true;
      isBusy = false;
      startNext();
    };
    const timer = setTimeout(goOn, SLOW_BATCH_MS);
    void settle(pending.splice(0, maxSize)).finally(goOn);
  };
  return (item) =>
    new Promise((resolve, reject) => {
      pending.push({ item, resolve, reject });
      startNext();
    });
}
