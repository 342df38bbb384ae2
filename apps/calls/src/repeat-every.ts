/** Runs `work` periodically, never concurrently. */
export function repeatEvery(
  everyMs: number,
  work: () => Promise<void>,
  onError: (error: unknown) => void,
): Disposable {
  let isWorking = false;
  const timer = setInterval(() => {
    if (isWorking) return;
    isWorking = true;
    work()
      .catch(onError)
      .finally(() => (isWorking = false));
  }, everyMs);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
