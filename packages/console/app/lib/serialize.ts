/**
 * Returns a function that starts `run`. Calls during a run cause exactly one more run after it, so that a slow api is not asked faster than
 * it answers.
 */
export function serialize(run: () => Promise<void>): () => void {
  let isRunning = false;
  let isRequested = false;
  const runRequested = async (): Promise<void> => {
    isRunning = true;
    try {
      while (isRequested) {
        isRequested = false;
        await run();
      }
    } finally {
      isRunning = false;
    }
  };
  return () => {
    isRequested = true;
    if (!isRunning) void runRequested();
  };
}
