interface Waiting<I, O> {
  item: I;
  resolve: (outcome: O) => void;
  reject: (error: unknown) => void;
}

/**
 * Carries out calls by the dozen: those that come while `IN_FLIGHT` batches are under way go together in the next one. Alone, a
 * call is not delayed; under load there are fewer statements and commits. `carryOut` returns an outcome for each item, in order. A
 * batch that fails is carried out one by one: nobody bears another's fault.
 */
export function gather<I, O>(
  carryOut: (items: readonly I[]) => Promise<readonly O[]>,
  most = 50,
): (item: I) => Promise<O> {
  const waiting: Waiting<I, O>[] = [];
  let inFlight = 0;

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
    while (inFlight < IN_FLIGHT && waiting.length > 0) {
      inFlight += 1;
      void settle(waiting.splice(0, most)).finally(() => {
        inFlight -= 1;
        next();
      });
    }
  };
  return (item) =>
    new Promise((resolve, reject) => {
      waiting.push({ item, resolve, reject });
      next();
    });
}

/** One that waits for a lock does not hold up the others. */
const IN_FLIGHT = 2;
