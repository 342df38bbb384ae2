// Dies over another job's message, or before it begins, or after a job that failed, or does its job while it lives, or leaves a mark and works on without an end and without an ear for anybody.
import { writeFileSync } from 'node:fs';
import type { Order } from '../src/sandbox/protocol.ts';

process.on('message', (order: Order) => {
  if (order.type !== 'run') return;
  const { mark, way } = order.payload as { mark?: string; way?: 'broken' | 'fails' | 'works' };
  if (way === 'broken') process.exit(3);
  process.send!({ type: 'begun', id: order.id });
  const end = (verdict?: object): void => void process.send!({ type: 'ended', id: order.id, verdict });
  if (way === 'fails') {
    end({ kind: 'retry' });
    setTimeout(() => process.exit(3), 200);
    return;
  }
  if (way === 'works') {
    setTimeout(end, 400);
    return;
  }
  process.send!({ type: 'working', id: order.id, messageId: 'another' }, () => {
    if (mark === undefined) process.kill(process.pid, 'SIGKILL');
    else writeFileSync(mark, '');
  });
});
