// A sandbox whose jobs say how they end. One that leaves a mark works on without an end and without an ear for anybody.
import { writeFileSync } from 'node:fs';
import type { Ended, Order } from '../src/sandbox/protocol.ts';

type Way = 'broken' | 'dies' | 'fails' | 'heeds' | 'owes' | 'works';

let heeds = false;

process.on('message', (order: Order) => {
  const end = (how: Partial<Ended> = {}): void =>
    void process.send!({ id: order.id, isOwing: false, ...how } satisfies Ended);
  if (order.type === 'abort') {
    if (heeds) end({ verdict: { kind: 'hand-back', afterMs: 0 }, error: order.because });
    return;
  }
  const { mark, way } = order.payload as { mark?: string; way?: Way };
  heeds = way === 'heeds';
  const error = `failed in ${process.pid}`;
  if (way === 'broken') process.exit(3);
  if (way === 'dies') process.kill(process.pid, 'SIGKILL');
  if (way === 'fails') end({ verdict: { kind: 'retry' }, error });
  if (way === 'owes') end({ verdict: { kind: 'retry' }, error, isOwing: true });
  if (way === 'works') setTimeout(end, 50);
  if (mark !== undefined) writeFileSync(mark, '');
});
