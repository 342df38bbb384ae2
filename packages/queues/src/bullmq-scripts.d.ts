/** The text of BullMQ's scripts, for which it ships no types. */
declare module 'bullmq/dist/cjs/scripts/*' {
  interface Script {
    name: string;
    content: string;
    /** How many of its arguments are keys. */
    keys: number;
  }
  export const addStandardJob: Script;
  export const addDelayedJob: Script;
}
