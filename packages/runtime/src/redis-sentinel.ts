import { type AbstractConnector, SentinelConnector } from 'ioredis';

type Connect = SentinelConnector['connect'];

/**
 * Word of a new master may come while the client asks the sentinels, for its connection to the old one is gone. ioredis 6.0.0 takes it
 * for the wish to close: the client ends for good, and says "Connection is closed". Here it asks on, for that is what
 * the word is good for.
 */
class LastingSentinelConnector extends SentinelConnector {
  private asking = false;

  override async connect(...args: Parameters<Connect>): ReturnType<Connect> {
    this.asking = true;
    try {
      return await super.connect(...args);
    } finally {
      this.asking = false;
    }
  }

  override disconnect(): void {
    const detector = this['failoverDetector'] as { isDisconnected: boolean; cleanup(): void } | null;
    this['failoverDetector'] = null;
    const told = detector?.isDisconnected === true;
    detector?.cleanup();
    if (!(told && this.asking)) super.disconnect();
  }
}

/** For ioredis' option `Connector`, which its duplicates take over. */
export const sentinelConnector = LastingSentinelConnector as new (options: unknown) => AbstractConnector;
