// A sandbox whose jobs say how they end. One that leaves a mark works on without an end and without an ear for anybody.
import { writeFileSync } from 'node:fs';
import type { Order } from '../src/sandbox/protocol.ts';

process.on('message', (order: Order) => {
  if (order.type !== 'run') return;
  const { mark, way } = order.payload as { mark?: string; way?: 'broken' | 'dies' | 'fails' | 'works' };
  const end = (how: object = {}): void => void process.send!({ id: order.id, ...how });
  if (way === 'broken') process.exit(3);
  if (way === 'dies') process.kill(process.pid, 'SIGKILL');
  if (way === 'fails') end({ verdict: { kind: 'retry' }, error: 'for now' });
  if (way === 'works') setTimeout(end, 50);
  if (mark !== undefined) writeFileSync(mark, '');
});
