import type { FastifyInstance } from 'fastify';

/**
 * Names a Fastify plugin in error messages and restricts it to Fastify 5. The plugin stays encapsulated. These two symbols are the part of
 * `fastify-plugin` that is needed here.
 */
export function namedPlugin<Options>(
  name: string,
  plugin: (app: FastifyInstance, options: Options) => Promise<void>,
): (app: FastifyInstance, options: Options) => Promise<void> {
  return Object.assign(plugin, {
    [Symbol.for('fastify.display-name')]: name,
    [Symbol.for('plugin-meta')]: { name, fastify: '5.x' },
  });
}
