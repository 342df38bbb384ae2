import type { AuditedUse } from '@prosaas/http';
import { expect, test } from 'vitest';
import { auditHops } from './hops.ts';

test('auditHops writes each request of a person and of the admin key, and those of programs once a minute', () => {
  let nowMs = 60_000;
  const audited: string[] = [];
  const audit = auditHops(
    ({ role, action }) => audited.push(`${role} ${action}`),
    () => nowMs,
  );
  const use = (role: AuditedUse['role'], person?: string): void =>
    audit({
      role,
      ...(person !== undefined && { person: { id: person, name: person, role: 'staff' } }),
      action: 'POST /api/sendText',
      requestId: '1',
      address: '::1',
      params: {},
      forwarded: true,
    });
  for (const role of ['admin', 'admin', 'internal', 'business', 'internal'] as const) use(role);
  const line = (role: string): string => `${role} forwarded POST /api/sendText`;
  expect(audited.splice(0)).toEqual(['admin', 'admin', 'internal', 'business'].map(line));
  for (const person of ['a', 'a']) use('staff', person);
  expect(audited.splice(0)).toEqual(['staff', 'staff'].map(line));
  nowMs += 60_000;
  use('internal');
  expect(audited).toEqual([line('internal')]);
});
