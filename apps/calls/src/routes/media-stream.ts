import type { App } from '@prosaas/http';
import { AppError } from '@prosaas/runtime';
import type { WebSocket } from '@fastify/websocket';

export const mediaStreamPath = '/ws/twilio-media';

/** The provider's audio comes and goes here; who may talk is up to the door. */
export function mediaStreamRoute(app: App, door: (socket: WebSocket) => void): void {
  app.route({
    method: 'GET',
    url: mediaStreamPath,
    handler: () => {
      throw new AppError('This path speaks WebSocket only', { status: 426, code: 'UPGRADE_REQUIRED' });
    },
    wsHandler: (socket) => door(socket),
  });
}
