import { type AbstractConnector, SentinelConnector } from 'ioredis';

type Connect = SentinelConnector['connect'];

/**
 * Works around a fault of ioredis 6.0.0: if a sentinel announces a new master while the client is already asking the sentinels for one,
 * ioredis closes the client for good ("Connection is closed"). Here the client keeps asking.
 */
class ResilientSentinelConnector extends SentinelConnector {
  private isConnecting = false;

  override async connect(...args: Parameters<Connect>): ReturnType<Connect> {
    this.isConnecting = true;
    try {
      return await super.connect(...args);
    } finally {
      this.isConnecting = false;
    }
  }

  override disconnect(): void {
    const detector = this['failoverDetector'] as { isDisconnected: boolean; cleanup(): void } | null;
    this['failoverDetector'] = null;
    const wasAnnounced = detector?.isDisconnected === true;
    detector?.cleanup();
    if (!(wasAnnounced && this.isConnecting)) super.disconnect();
  }
}

/** For ioredis' option `Connector`, which duplicates inherit. */
export const sentinelConnector = ResilientSentinelConnector as new (options: unknown) => AbstractConnector;
