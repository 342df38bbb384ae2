import { type WhatsAppSessionRow } from '@prosaas/database';
import { type Static, Type } from 'typebox';
import type { Owners } from './owners.ts';
import type { SessionManager } from './session-manager.ts';
import { type PublishedStatus, publishedStatus, unownedStatus } from './session-status.ts';

const Nullable = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) =>
  Type.Union([schema, Type.Null()]);

export const SessionView = Type.Object({
  id: Type.String(),
  business_id: Type.String(),
  wanted: Type.String(),
  status: Type.String(),
  reason: Nullable(Type.String()),
  since: Type.String(),
  last_inbound_at: Nullable(Type.String()),
  restricted_until: Nullable(Type.String()),
  phone_number: Nullable(Type.String()),
  created_at: Type.String(),
});
export type SessionView = Static<typeof SessionView>;

/** Sessions as callers see them: the row from the database, the status from the replica that holds the session. */
export class SessionViews {
  readonly #manager: SessionManager;
  readonly #owners: Owners;

  constructor({ manager, owners }: { manager: SessionManager; owners: Owners }) {
    this.#manager = manager;
    this.#owners = owners;
  }

  async of(rows: readonly WhatsAppSessionRow[]): Promise<SessionView[]> {
    const elsewhere = rows.map(({ id }) => id).filter((id) => !this.#manager.find(id));
    const published = await this.#owners.statuses(elsewhere).catch(() => undefined);
    return rows.map((row) => viewOf(row, this.#statusOf(row, published)));
  }

  async one(row: WhatsAppSessionRow): Promise<SessionView> {
    const [view] = await this.of([row]);
    if (!view) throw new Error('one row makes one view');
    return view;
  }

  #statusOf(row: WhatsAppSessionRow, published: Map<string, PublishedStatus> | undefined): PublishedStatus {
    const session = this.#manager.find(row.id);
    if (session) return publishedStatus(this.#manager.statusOf(session));
    const unowned = unownedStatus(row);
    if (unowned.status !== 'STARTING') return unowned;
    if (!published) return { ...unowned, reason: 'redis_unavailable' };
    return published.get(row.id) ?? unowned;
  }
}

function viewOf(row: WhatsAppSessionRow, status: PublishedStatus): SessionView {
  return {
    id: row.id,
    business_id: row.business_id,
    wanted: row.wanted,
    ...status,
    last_inbound_at: status.last_inbound_at ?? row.last_inbound_at?.toISOString() ?? null,
    phone_number: row.phone_number,
    created_at: row.created_at.toISOString(),
  };
}
