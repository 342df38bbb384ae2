/** One peer's way of doing the measured thing `times` times. What it returns is not dropped by any compiler. */
export type Operation = (times: number) => unknown;

/** The nanoseconds that an operation measured itself, when more goes on in it than what is compared. */
export class Measured {
  readonly ns: number;
  /** Nanoseconds of CPU of each process that took part. */
  readonly cpu: Readonly<Record<string, number>>;

  constructor(ns: number, cpu: Readonly<Record<string, number>> = {}) {
    this.ns = ns;
    this.cpu = cpu;
  }
}

/** A module of peers: what each is called, and how it is made ready in a process of its own. */
export interface Peers {
  readonly peers: Readonly<Record<string, () => Operation | Promise<Operation>>>;
}

export function cpuNanoseconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) * 1000;
}
