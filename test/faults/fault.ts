/** One way in which something outside the services breaks, and what must hold during and after it. */
export interface Fault {
  /** Kebab-case; `npm run prove -- faults <name>` runs those whose names contain the word. */
  readonly name: string;
  /**
   * Breaks it, mends it, and compares. Brings up and takes down all that it needs.
   * @returns the promises that were broken, a sentence each; none when everything held; `skipped` where this machine lacks what it needs
   */
  run(say: (line: string) => void): Promise<string[] | 'skipped'>;
}
