import {
  type WhatsAppSessionRow,
  classifyDatabaseError,
  findSession,
  isRetryableDatabaseError,
} from '@prosaas/database';
import type { Database } from '@prosaas/database';
import { type Guard, type GuardOptions, type KeyRing, type Role, businessOf, guard } from '@prosaas/http';
import type { FastifyRequest } from 'fastify';
import { type TObject, type TString, Type } from 'typebox';
import { DatabaseUnavailable, InvalidText, SessionNotFound } from '../errors.ts';

/** As the table of sessions has it. */
export const SessionId: TString = Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$' });
export const SessionParams: TObject<{ session: TString }> = Type.Object({ session: SessionId });

/** Who is let in where; the secret between the services opens what they use and no more. */
export interface Doors {
  /** Pairing and what else changes a session. */
  admin: Guard;
  read: Guard;
  /** The api's health asks for the list. */
  list: Guard;
  /** The worker sends. */
  send: Guard;
}

export function createDoors(
  keyRing: KeyRing,
  options: Pick<GuardOptions, 'audit' | 'authenticateForwarded'>,
): Doors {
  const door = (...roles: Role[]): Guard => guard(keyRing, { ...options, roles });
  return {
    admin: door('admin'),
    read: door('business'),
    list: door('business', 'internal'),
    send: door('business', 'internal'),
  };
}

/** What the database answers. An error of its is 503, to be repeated, or the caller's own. */
export async function asked<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (isRetryableDatabaseError(error)) throw new DatabaseUnavailable({ cause: error });
    if (classifyDatabaseError(error)?.kind === 'invalid_data') throw new InvalidText({ cause: error });
    throw error;
  }
}

/** Another business' session is not there. @throws SessionNotFound */
export async function sessionFor(
  db: Database,
  request: FastifyRequest,
  id: string,
): Promise<WhatsAppSessionRow> {
  const row = await asked(findSession(db, id));
  const businessId = businessOf(request);
  if (!row || (businessId !== undefined && row.business_id !== businessId)) throw new SessionNotFound(id);
  return row;
}
