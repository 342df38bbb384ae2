/** A fault outside the services, and what must hold during and after it. */
export interface Fault {
  /** Kebab-case; `npm run prove -- faults <name>` runs those whose names contain the word. */
  readonly name: string;
  /**
   * Causes the fault, ends it, and checks the promises. Starts and stops everything it needs.
   * @returns a sentence for each broken promise, or `skipped` if this machine lacks something
   */
  run(say: (line: string) => void): Promise<string[] | 'skipped'>;
}
