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

/** The same pattern as the check constraint of `whatsapp_sessions`. */
export const SessionId: TString = Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$' });
export const SessionParams: TObject<{ session: TString }> = Type.Object({ session: SessionId });

/** Who may use which routes. The internal secret of the services is accepted only where a service needs it. */
export interface Guards {
  /** Routes that change a session, such as pairing. */
  admin: Guard;
  read: Guard;
  /** The list of sessions, which the api's health check reads. */
  list: Guard;
  /** Sending, which the worker uses. */
  send: Guard;
}

export function createGuards(
  keyRing: KeyRing,
  options: Pick<GuardOptions, 'audit' | 'authenticateForwarded'>,
): Guards {
  const forRoles = (...roles: Role[]): Guard => guard(keyRing, { ...options, roles });
  return {
    admin: forRoles('admin'),
    read: forRoles('business'),
    list: forRoles('business', 'internal'),
    send: forRoles('business', 'internal'),
  };
}

/** Turns a database error into a 503 to be retried, or into a 400 when the request's data can't be stored. */
export async function mapDatabaseErrors<T>(result: Promise<T>): Promise<T> {
  try {
    return await result;
  } catch (error) {
    if (isRetryableDatabaseError(error)) throw new DatabaseUnavailable({ cause: error });
    if (classifyDatabaseError(error)?.kind === 'invalid_data') throw new InvalidText({ cause: error });
    throw error;
  }
}

/** @throws SessionNotFound also for the session of another business */
export async function sessionFor(
  db: Database,
  request: FastifyRequest,
  id: string,
): Promise<WhatsAppSessionRow> {
  const row = await mapDatabaseErrors(findSession(db, id));
  const businessId = businessOf(request);
  if (!row || (businessId !== undefined && row.business_id !== businessId)) throw new SessionNotFound(id);
  return row;
}
