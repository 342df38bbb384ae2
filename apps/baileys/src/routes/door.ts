import {
  type WhatsAppSessionRow,
  classifyDatabaseError,
  findSession,
  isDatabaseTrouble,
} from '@prosaas/database';
import type { Database } from '@prosaas/database';
import { type AdminUse, type Guard, type KeyRing, guard } from '@prosaas/http';
import { AppError } from '@prosaas/runtime';
import type { FastifyRequest } from 'fastify';
import { type TObject, type TString, Type } from 'typebox';
import { DatabaseUnavailable, InvalidText, SessionNotFound } from '../errors.ts';
import type { Forwarding } from '../forwarding.ts';

/** As the table of sessions has it. */
export const SessionId: TString = Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$' });
export const SessionParams: TObject<{ session: TString }> = Type.Object({ session: SessionId });

/** Pairing and what else changes a session: the administrator, or another replica that asked the administrator's key. */
export function adminDoor(keyRing: KeyRing, forwarding: Forwarding, audit: (use: AdminUse) => void): Guard {
  const open = guard(keyRing, { roles: ['admin', 'internal'], audit });
  return async (request, reply) => {
    await open(request, reply);
    if (request.principal?.role === 'internal' && !forwarding.isHop(request)) {
      throw new AppError('This needs the admin key', { status: 403, code: 'FORBIDDEN' });
    }
  };
}

/** Whose sessions the sender sees: undefined is everybody's. */
export function businessOf(request: FastifyRequest): string | undefined {
  return request.principal?.role === 'business' ? request.principal.businessId : undefined;
}

/** What the database answers. An error of its is 503, to be repeated, or the caller's own. */
export async function asked<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (isDatabaseTrouble(error)) throw new DatabaseUnavailable({ cause: error });
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
