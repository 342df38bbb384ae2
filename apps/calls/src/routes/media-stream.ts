import type { App } from '@prosaas/http';
import { AppError } from '@prosaas/runtime';
import type { StreamAcceptor } from '../media/stream-acceptor.ts';

export const mediaStreamPath = '/ws/twilio-media';

class UpgradeRequired extends AppError {
  override code = 'UPGRADE_REQUIRED';
  override status = 426;
}

/** The WebSocket of the provider's media streams. */
export function mediaStreamRoute(app: App, acceptStream: StreamAcceptor): void {
  app.route({
    method: 'GET',
    url: mediaStreamPath,
    handler: () => {
      throw new UpgradeRequired('This path accepts only WebSocket connections');
    },
    wsHandler: (socket, request) => acceptStream(socket, request.raw.socket),
  });
}
