import type { App } from '@prosaas/http';
import { AppError } from '@prosaas/runtime';
import type { StreamDoor } from '../media/stream-door.ts';

export const mediaStreamPath = '/ws/twilio-media';

/** The provider's audio comes and goes here; who may talk is up to the door. */
export function mediaStreamRoute(app: App, door: StreamDoor): void {
  app.route({
    method: 'GET',
    url: mediaStreamPath,
    handler: () => {
      throw new AppError('This path speaks WebSocket only', { status: 426, code: 'UPGRADE_REQUIRED' });
    },
    wsHandler: (socket, request) => door(socket, request.raw.socket),
  });
}
