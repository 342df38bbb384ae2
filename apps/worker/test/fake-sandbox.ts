// Dies over another job's message, or leaves a mark and works on without an end and without an ear for anybody.
import { writeFileSync } from 'node:fs';
import type { Order } from '../src/sandbox/protocol.ts';

process.on('message', (order: Order) => {
  if (order.type !== 'run') return;
  const { mark } = order.payload as { mark?: string };
  process.send!({ type: 'working', id: order.id, messageId: 'another' }, () => {
    if (mark === undefined) process.kill(process.pid, 'SIGKILL');
    else writeFileSync(mark, '');
  });
});
