import { jidDecode } from '@whiskeysockets/baileys';

import type { AccountState } from './account.ts';
import type { SimulatedPhone } from './phone.ts';

/** The accounts and phones of the server, by phone number and by LID. */
export class Directory {
  readonly accounts: Map<string, AccountState> = new Map();
  readonly phones: Map<string, SimulatedPhone> = new Map();
  readonly #byLid = new Map<string, AccountState | SimulatedPhone>();

  add(user: AccountState | SimulatedPhone): void {
    if (this.accounts.has(user.number) || this.phones.has(user.number)) {
      throw new Error(`the number ${user.number} is taken`);
    }
    if (this.#byLid.has(user.lidUser)) throw new Error(`the LID ${user.lidUser} is taken`);
    if (user.kind === 'account') this.accounts.set(user.number, user);
    else this.phones.set(user.number, user);
    this.#byLid.set(user.lidUser, user);
  }

  find(jid: string): { user: AccountState | SimulatedPhone; deviceId: number } | undefined {
    const parts = jidDecode(jid);
    if (!parts) return undefined;
    const user =
      parts.server === 'lid'
        ? this.#byLid.get(parts.user)
        : (this.accounts.get(parts.user) ?? this.phones.get(parts.user));
    return user && { user, deviceId: parts.device ?? 0 };
  }
}
