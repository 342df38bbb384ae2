import {
  type ConnectionState,
  type NewChatMessageCapInfo,
  NewChatMessageCappingStatusType,
} from '@whiskeysockets/baileys';

/** WhatsApp lets the account start no new chats for now. Existing chats go on. */
export interface Restriction {
  reason: 'reachout_timelock' | 'new_chat_cap';
  /** Undefined: WhatsApp did not say. */
  until: Date | undefined;
}

type Reason = Restriction['reason'];
export const RESTRICTION_REASONS: readonly Reason[] = ['reachout_timelock', 'new_chat_cap'];

type Timelock = NonNullable<ConnectionState['reachoutTimeLock']>;

/** The latest state of each restriction of an account, as WhatsApp reported it. */
export class Restrictions {
  readonly #active = new Map<Reason, Restriction>();

  timelock({ isActive, timeEnforcementEnds: ends }: Timelock): void {
    // The client turns a missing end into 1970.
    const until = ends !== undefined && ends.getTime() > 0 ? ends : undefined;
    this.#set('reachout_timelock', Boolean(isActive), until);
  }

  /** `cycle_end_timestamp` is in Unix seconds. */
  newChatCap({ capping_status: status, cycle_end_timestamp: end }: NewChatMessageCapInfo): void {
    const until = Number(end) > 0 ? new Date(Number(end) * 1000) : undefined;
    this.#set('new_chat_cap', status === NewChatMessageCappingStatusType.CAPPED, until);
  }

  #set(reason: Reason, isActive: boolean, until: Date | undefined): void {
    if (isActive) this.#active.set(reason, { reason, until });
    else this.#active.delete(reason);
  }

  /** The restrictions that hold at that time. The one that ends last comes first. */
  at(now: Date): Restriction[] {
    const expiryOf = ({ until }: Restriction): number => until?.getTime() ?? Infinity;
    return [...this.#active.values()]
      .filter((one) => expiryOf(one) > now.getTime())
      .toSorted(
        (one, other) => Number(expiryOf(other) > expiryOf(one)) - Number(expiryOf(one) > expiryOf(other)),
      );
  }
}
