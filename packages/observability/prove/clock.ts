// A preload that shifts `Date` by `PROVE_CLOCK_MS`, and later by `shiftClock`.
const RealDate = globalThis.Date;
let offsetMs = Number(process.env['PROVE_CLOCK_MS'] ?? 0);

class ShiftedDate extends RealDate {
  constructor(...args: [] | [number | string | Date]) {
    if (args.length === 0) super(RealDate.now() + offsetMs);
    else super(...args);
  }

  static override now(): number {
    return RealDate.now() + offsetMs;
  }
}

globalThis.Date = ShiftedDate as DateConstructor;
Object.assign(globalThis, {
  shiftClock: (toMs: number): void => {
    offsetMs = toMs;
  },
});
