import type { Agent } from '@prosaas/agentkit';
import { expect, test } from 'vitest';
import { type CheckParts, callsChecks } from './checks.ts';

const never = new AbortController().signal;

test.each([
  [{ state: 'warm', fallback: false }, undefined],
  [
    { state: 'warm', fallback: true },
    { status: 'warn', reason: 'model_fallback' },
  ],
  [
    { state: 'loading', fallback: true },
    { status: 'warn', reason: 'loading' },
  ],
] as const)('an agent that says %o is shown as %o, in the words of the api', async (status, shown) => {
  const agent: Partial<Agent> = { status: () => ({ ...status, source: 'profile' }) };
  const checks = callsChecks({ agent, hasAuthToken: true } as CheckParts);
  const check = checks.find(({ name }) => name === 'agent');
  expect(await check?.run(never)).toEqual(shown);
});
