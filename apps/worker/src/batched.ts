interface Waiting<I, O> {
  item: I;
  resolve: (outcome: O) => void;
  reject: (error: unknown) => void;
}

/** A batch that takes longer waits for somebody, such as for a lock: it does not hold up the next one. */
const PATIENCE_MS = 20;

/**
 * Carries out calls by the dozen: those that come while a batch is under way go together in the next one. Alone, a call is not
 * delayed; under load there are fewer statements and commits. `carryOut` returns an outcome for each item, in order. A batch that
 * fails is carried out one by one: nobody bears another's fault.
 */
export function batched<I, O>(
  carryOut: (items: readonly I[]) => Promise<readonly O[]>,
  most = 50,
): (item: I) => Promise<O> {
  const waiting: Waiting<I, O>[] = [];
  let isUnderWay = false;

  const settle = async (batch: readonly Waiting<I, O>[]): Promise<void> => {
    try {
      const outcomes = await carryOut(batch.map(({ item }) => item));
      for (const [index, { resolve }] of batch.entries()) resolve(outcomes[index]!);
    } catch (error) {
      if (batch.length === 1) batch[0]!.reject(error);
      else await Promise.all(batch.map((one) => settle([one])));
    }
  };
  const next = (): void => {
    if (isUnderWay || waiting.length === 0) return;
    isUnderWay = true;
    let isMine = true;
    const goOn = (): void => {
      clearTimeout(patience);
      if (!isMine) return;
      isMine = false;
      isUnderWay = false;
      next();
    };
    const patience = setTimeout(goOn, PATIENCE_MS);
    void settle(waiting.splice(0, most)).finally(goOn);
  };
  return (item) =>
    new Promise((resolve, reject) => {
      waiting.push({ item, resolve, reject });
      next();
    });
}
