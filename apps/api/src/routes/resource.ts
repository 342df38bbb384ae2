import type { Database } from '@prosaas/database';
import type { Guard } from '@prosaas/http';
import { Type } from 'typebox';
import { NotFound } from '../errors.ts';

/** What the REST routes are given. */
export interface ResourceContext {
  db: Database;
  /** Lets in the API key of a business, its people and admins. */
  business: Guard;
  /** Lets in the owners of a business and admins: no API key. */
  owner: Guard;
  admin: Guard;
  /** Lets in the metrics token and admins: how the system is, and nobody's records. */
  operator: Guard;
  /** Lets in whoever has a key of any kind, the metrics token too. */
  anyone: Guard;
}

/** Times go out as ISO 8601, UTC. */
export const Time = Type.Unsafe<Date>({ type: 'string', format: 'date-time' });

export const NullableTime = Type.Unsafe<Date | null>({ type: ['string', 'null'], format: 'date-time' });

export const NullableText = Type.Unsafe<string | null>({ type: ['string', 'null'] });

/** Microseconds since 1970: a position in a list by time. */
export const Position = Type.String({ pattern: '^\\d{1,16}$' });

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** A malformed id is the id of nothing: 404, not a complaint about its form. */
export function requireUuid(id: string, what: 'conversation' | 'message' | 'person' | 'recording'): string {
  if (!uuid.test(id)) throw new NotFound(what);
  return id;
}

/** PostgreSQL takes no NUL: an id with one is the id of nothing. */
export function requireText(id: string, what: 'business' | 'call'): string {
  if (id.includes('\0')) throw new NotFound(what);
  return id;
}

/** A job's id is a number: anything else is answered with 404. */
export function requireJobId(id: string): string {
  if (!/^\d{1,18}$/.test(id)) throw new NotFound('job');
  return id;
}
