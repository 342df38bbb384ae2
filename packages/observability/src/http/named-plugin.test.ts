import fastify from 'fastify';
import { expect, test } from 'vitest';
import { namedPlugin } from './named-plugin.ts';

test('a plugin is named, requires its Fastify version, and stays encapsulated', async () => {
  const app = fastify();
  const plugin = namedPlugin('shop/orders', async (scope) => void scope.decorate('own', 1));
  await app.register(plugin, {});
  await app.ready();
  expect(app.printPlugins()).toContain('shop/orders');
  expect(app.hasDecorator('own')).toBe(false);
  const other = Object.assign(plugin, {
    [Symbol.for('plugin-meta')]: { name: 'shop/orders', fastify: '4.x' },
  });
  await expect(Promise.resolve(fastify().register(other, {}))).rejects.toThrow(/expected '4.x'/);
});
