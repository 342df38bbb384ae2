import type { Logger } from '@prosaas/runtime';
import type { ConnectionState, NewChatMessageCapInfo } from '@whiskeysockets/baileys';
import { type Restriction, Restrictions } from './restriction.ts';

/** What is wrong with a session although it is connected, and one log line for each change. */
export class Doubts {
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

  /** A short code; undefined where nothing is wrong. */
  get reason(): string | undefined {
    return this.#isStalled ? 'receiving_stalled' : this.restrictions[0]?.reason;
  }

  readonly stalled = (isStalled: boolean): void => {
    this.#isStalled = isStalled;
    if (isStalled) this.#log.warn('an inbound message takes over 10 s: those behind it wait');
    else this.#log.info('inbound messages are handled again');
    this.#onChange();
  };

  /** The connection is over, and with it what waited on it. */
  forgetStall(): void {
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
