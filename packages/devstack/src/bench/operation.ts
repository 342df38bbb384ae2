/** Does the measured work `times` times. It returns a result, so that the compiler does not drop the work. */
export type Operation = (times: number) => unknown;

/** What an operation measured itself, because it does more than the work that is compared. */
export class Measured {
  readonly ns: number;
  /** CPU time in nanoseconds of each process that took part. */
  readonly cpu: Readonly<Record<string, number>>;

  constructor(ns: number, cpu: Readonly<Record<string, number>> = {}) {
    this.ns = ns;
    this.cpu = cpu;
  }
}

/** What a module of peers exports: each peer's name, and a function that prepares it in a process of its own. */
export interface Peers {
  readonly peers: Readonly<Record<string, () => Operation | Promise<Operation>>>;
}

export function cpuNanoseconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) * 1000;
}
