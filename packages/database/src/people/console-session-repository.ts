import type { Queryable } from '../database.ts';

/** Without use for so long, a sign-in to the console ends. */
const IDLE = "interval '12 hours'";
/** However much it is used. */
const LONGEST = "interval '7 days'";
/** Of one holder; the one that was used longest ago gives way. */
const MOST_OF_ONE = 50;

export interface ConsoleSession {
  keyProof: Buffer;
  personId: string | null;
  /** Of the person, as it is now; null: one of the stack's keys, or she is revoked. */
  personKeyHash: Buffer | null;
  /** However much it is used. */
  endsAt: Date;
}

export async function createConsoleSession(
  q: Queryable,
  session: { tokenHash: Buffer; keyProof: Buffer; holder: string; personId: string | null; address: string },
): Promise<void> {
  const { tokenHash, keyProof, holder, personId, address } = session;
  await q.query(
    `with gone as (
       delete from console_sessions
       where last_used_at < now() - ${IDLE} or created_at < now() - ${LONGEST} or token_hash in (
         select token_hash from console_sessions where holder = $3
         order by last_used_at desc offset ${MOST_OF_ONE - 1}))
     insert into console_sessions (token_hash, key_proof, holder, person_id, address) values ($1, $2, $3, $4, $5)`,
    [tokenHash, keyProof, holder, personId, address],
  );
}

/** Undefined where there is none, or it has ended. */
export async function findConsoleSession(
  q: Queryable,
  tokenHash: Buffer,
): Promise<ConsoleSession | undefined> {
  const [row] = await q.query<ConsoleSession>(
    `select s.key_proof as "keyProof", s.person_id as "personId", p.key_hash as "personKeyHash",
       s.created_at + ${LONGEST} as "endsAt"
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

/** `everywhere`: all of the same holder. */
export async function deleteConsoleSession(
  q: Queryable,
  tokenHash: Buffer,
  { everywhere }: { everywhere: boolean },
): Promise<void> {
  await q.query(
    `delete from console_sessions where token_hash = $1
       or ($2 and holder = (select holder from console_sessions where token_hash = $1))`,
    [tokenHash, everywhere],
  );
}
