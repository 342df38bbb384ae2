import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import type { TestSpecification, Vitest } from 'vitest/node';
import { LongestFirst, slowFiles } from './longest-first.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));

test('the files that take longest begin first, whatever their project', async () => {
  const order = await new LongestFirst(vitest).sort([
    file('all', 'packages/http/src/keys.test.ts'),
    file('all', 'apps/worker/test/prove.test.ts'),
    file('cluster', 'apps/worker/test/kill.test.ts'),
    file('cluster', 'packages/queues/src/relay.test.ts'),
    file('all', 'apps/worker/test/poison.test.ts'),
  ]);
  expect(order.map(({ project, moduleId }) => [project.name, moduleId.slice(root.length)])).toEqual([
    ['all', 'apps/worker/test/poison.test.ts'],
    ['cluster', 'apps/worker/test/kill.test.ts'],
    ['all', 'apps/worker/test/prove.test.ts'],
    ['all', 'packages/http/src/keys.test.ts'],
    ['cluster', 'packages/queues/src/relay.test.ts'],
  ]);
});

test('every file that is called slow is there', () => {
  expect(Object.keys(slowFiles).filter((path) => !existsSync(`${root}${path}`))).toEqual([]);
});

const vitest = {
  config: { root },
  cache: { getTestSpecificationResult: () => undefined },
} as unknown as Vitest;

function file(name: string, path: string): TestSpecification {
  const project = { name, config: { sequence: { groupOrder: 0 }, isolate: true } };
  return { moduleId: `${root}${path}`, project } as unknown as TestSpecification;
}
