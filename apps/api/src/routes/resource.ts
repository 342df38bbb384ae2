import type { Database } from '@prosaas/database';
import type { Guard } from '@prosaas/http';
import { Type } from 'typebox';
import { NotFound } from '../errors.ts';

/** Dependencies of the REST routes: the database and the guards. */
export interface ResourceContext {
  db: Database;
  /** Allows the API key of a business, its people, and admins. */
  business: Guard;
  /** Allows the owners of a business and admins, but no API key. */
  owner: Guard;
  admin: Guard;
  /** Allows the metrics token and admins. For the state of the system, without data of businesses. */
  operator: Guard;
  /** Allows any key, including the metrics token. */
  anyone: Guard;
}

/** Serialized as ISO 8601 in UTC. */
export const Time = Type.Unsafe<Date>({ type: 'string', format: 'date-time' });

export const NullableTime = Type.Unsafe<Date | null>({ type: ['string', 'null'], format: 'date-time' });

export const NullableText = Type.Unsafe<string | null>({ type: ['string', 'null'] });

/** Microseconds since 1970: the sort key of lists by time. */
export const Position = Type.String({ pattern: '^\\d{1,16}$' });

const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** A malformed id is a 404, not a validation error. */
export function requireUuid(id: string, what: 'conversation' | 'message' | 'person' | 'recording'): string {
  if (!uuidPattern.test(id)) throw new NotFound(what);
  return id;
}

/** PostgreSQL cannot store NUL, so an id that contains it is a 404. */
export function requireText(id: string, what: 'business' | 'call'): string {
  if (id.includes('\0')) throw new NotFound(what);
  return id;
}

/** Job ids are numbers: anything else is a 404. */
export function requireJobId(id: string): string {
  if (!/^\d{1,18}$/.test(id)) throw new NotFound('job');
  return id;
}
