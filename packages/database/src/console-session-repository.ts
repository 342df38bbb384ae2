import type { Queryable } from './database.ts';

/** Without a request for so long, a sign-in to the console ends. */
const IDLE = "interval '12 hours'";
/** However much it is used. */
const LONGEST = "interval '7 days'";
/** Of one key or person; the one that was used longest ago gives way. */
const MOST_OF_ONE = 50;

/** Who signed in: a person, or one of the stack's keys. */
export interface ConsoleUser {
  role: string;
  businessId: string | null;
  personId: string | null;
}

export interface ConsoleSession extends ConsoleUser {
  keyProof: Buffer;
  /** Of the person, as it is now; null: one of the stack's keys. */
  personKeyHash: Buffer | null;
  /** However much it is used. */
  endsAt: Date;
}

export async function createConsoleSession(
  q: Queryable,
  session: ConsoleUser & { tokenHash: Buffer; keyProof: Buffer; address: string },
): Promise<void> {
  const { tokenHash, keyProof, role, businessId, personId, address } = session;
  await q.query(
    `with gone as (
       delete from console_sessions
       where last_used_at < now() - ${IDLE} or created_at < now() - ${LONGEST} or token_hash in (
         select token_hash from console_sessions
         where role = $3 and business_id is not distinct from $4 and person_id is not distinct from $5
         order by last_used_at desc offset ${MOST_OF_ONE - 1}))
     insert into console_sessions (token_hash, key_proof, role, business_id, person_id, address)
     values ($1, $2, $3, $4, $5, $6)`,
    [tokenHash, keyProof, role, businessId, personId, address],
  );
}

/** Undefined where there is none, or it has ended. */
export async function findConsoleSession(
  q: Queryable,
  tokenHash: Buffer,
): Promise<ConsoleSession | undefined> {
  const [row] = await q.query<ConsoleSession>(
    `select s.role, s.business_id as "businessId", s.person_id as "personId", s.key_proof as "keyProof",
       p.key_hash as "personKeyHash", s.created_at + ${LONGEST} as "endsAt"
     from console_sessions s left join people p on p.id = s.person_id and p.revoked_at is null
     where s.token_hash = $1 and s.last_used_at > now() - ${IDLE} and s.created_at > now() - ${LONGEST}`,
    [tokenHash],
  );
  return row;
}

/** It was used; written once a minute at most. */
export async function touchConsoleSession(q: Queryable, tokenHash: Buffer): Promise<void> {
  await q.query(
    `update console_sessions set last_used_at = now()
     where token_hash = $1 and last_used_at < now() - interval '1 minute'`,
    [tokenHash],
  );
}

/** `everywhere`: all of the same person, or of the same key. Answers how many ended. */
export async function deleteConsoleSession(
  q: Queryable,
  tokenHash: Buffer,
  { everywhere }: { everywhere: boolean },
): Promise<number> {
  const rows = await q.query(
    `delete from console_sessions all_of using console_sessions this
     where this.token_hash = $1 and (all_of.token_hash = this.token_hash or ($2
       and all_of.role = this.role and all_of.business_id is not distinct from this.business_id
       and all_of.person_id is not distinct from this.person_id))
     returning 1`,
    [tokenHash, everywhere],
  );
  return rows.length;
}
