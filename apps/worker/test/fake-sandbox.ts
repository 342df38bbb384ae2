// Dies over another job's message, or before it begins, or leaves a mark and works on without an end and without an ear for anybody.
import { writeFileSync } from 'node:fs';
import type { Order } from '../src/sandbox/protocol.ts';

process.on('message', (order: Order) => {
  if (order.type !== 'run') return;
  const { mark, isBroken } = order.payload as { mark?: string; isBroken?: boolean };
  if (isBroken === true) process.exit(3);
  process.send!({ type: 'begun', id: order.id });
  process.send!({ type: 'working', id: order.id, messageId: 'another' }, () => {
    if (mark === undefined) process.kill(process.pid, 'SIGKILL');
    else writeFileSync(mark, '');
  });
});
