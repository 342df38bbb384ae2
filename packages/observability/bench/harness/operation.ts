/** One peer's way of doing the measured thing `times` times. Returns something, so that no compiler drops the work. */
export type Operation = (times: number) => unknown;

/** A module of peers: what each is called, and how it is made ready in a process of its own. */
export interface Peers {
  readonly peers: Readonly<Record<string, () => Operation | Promise<Operation>>>;
}
