import {
  type ConnectionState,
  type NewChatMessageCapInfo,
  NewChatMessageCappingStatusType,
} from '@whiskeysockets/baileys';

/** WhatsApp lets the account start no chats for now. Those that are there go on. */
export interface Restriction {
  reason: 'reachout_timelock' | 'new_chat_cap';
  /** Undefined: WhatsApp did not say. */
  until: Date | undefined;
}

type Reason = Restriction['reason'];
export const restrictionReasons: readonly Reason[] = ['reachout_timelock', 'new_chat_cap'];

type Timelock = NonNullable<ConnectionState['reachoutTimeLock']>;

/** What WhatsApp said last of each of an account's restrictions. */
export class Restrictions {
  readonly #said = new Map<Reason, Restriction>();

  timelock({ isActive, timeEnforcementEnds: ends }: Timelock): void {
    // The client reads an end that WhatsApp leaves open as 1970.
    const until = ends !== undefined && ends.getTime() > 0 ? ends : undefined;
    this.#set('reachout_timelock', Boolean(isActive), until);
  }

  /** The end of a cycle is in Unix seconds. */
  newChatCap({ capping_status: status, cycle_end_timestamp: end }: NewChatMessageCapInfo): void {
    const until = Number(end) > 0 ? new Date(Number(end) * 1000) : undefined;
    this.#set('new_chat_cap', status === NewChatMessageCappingStatusType.CAPPED, until);
  }

  #set(reason: Reason, isActive: boolean, until: Date | undefined): void {
    if (isActive) this.#said.set(reason, { reason, until });
    else this.#said.delete(reason);
  }

  /** The one that ends last first. */
  at(now: Date): Restriction[] {
    const endOf = ({ until }: Restriction): number => until?.getTime() ?? Infinity;
    return [...this.#said.values()]
      .filter((one) => endOf(one) > now.getTime())
      .toSorted((one, other) => Number(endOf(other) > endOf(one)) - Number(endOf(one) > endOf(other)));
  }
}
