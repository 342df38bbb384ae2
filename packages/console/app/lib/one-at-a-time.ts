/** Runs one after the other, and once more where it is asked for meanwhile: a slow api is not asked faster than it answers. */
export function oneAtATime(run: () => Promise<void>): () => void {
  let isRunning = false;
  let isAskedAgain = false;
  const work = async (): Promise<void> => {
    isRunning = true;
    try {
      while (isAskedAgain) {
        isAskedAgain = false;
        await run();
      }
    } finally {
      isRunning = false;
    }
  };
  return () => {
    isAskedAgain = true;
    if (!isRunning) void work();
  };
}
