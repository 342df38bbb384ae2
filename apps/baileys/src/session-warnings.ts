import type { Logger } from '@prosaas/runtime';
import type { ConnectionState, NewChatMessageCapInfo } from '@whiskeysockets/baileys';
import { type Restriction, Restrictions } from './restriction.ts';

/** Problems of a session that is connected: stalled receiving, and restrictions of the account. Logs each change once. */
export class SessionWarnings {
  readonly #log: Logger;
  readonly #onChange: () => void;
  readonly #restrictions = new Restrictions();
  /** Inbound messages wait behind one that is being handled. */
  #isStalled = false;

  constructor({ log, onChange }: { log: Logger; onChange: () => void }) {
    this.#log = log;
    this.#onChange = onChange;
  }

  /** Why the account may start no chats for now. */
  get restrictions(): Restriction[] {
    return this.#restrictions.at(new Date());
  }

  /** A short code; undefined when there is no problem. */
  get reason(): string | undefined {
    return this.#isStalled ? 'receiving_stalled' : this.restrictions[0]?.reason;
  }

  readonly stalled = (isStalled: boolean): void => {
    this.#isStalled = isStalled;
    if (isStalled) this.#log.warn('an inbound message takes over 10 s; the messages behind it wait');
    else this.#log.info('inbound messages are handled again');
    this.#onChange();
  };

  /** The connection has closed, and with it the messages that waited. */
  clearStall(): void {
    this.#isStalled = false;
  }

  readonly timelock = (state: NonNullable<ConnectionState['reachoutTimeLock']>): void =>
    this.#noteRestriction(() => this.#restrictions.timelock(state));

  readonly newChatCap = (info: NewChatMessageCapInfo): void =>
    this.#noteRestriction(() => this.#restrictions.newChatCap(info));

  #noteRestriction(note: () => void): void {
    const [before] = this.restrictions;
    note();
    const [after] = this.restrictions;
    if (before?.reason === after?.reason && before?.until?.getTime() === after?.until?.getTime()) return;
    const line = { reason: after?.reason, until: after?.until?.toISOString() };
    if (after) this.#log.warn(line, 'WhatsApp lets the account start no new chats');
    else this.#log.info('WhatsApp lets the account start new chats again');
    this.#onChange();
  }
}
