import type { Queryable } from '../database.ts';

/** An unused console session ends after this time. */
const IDLE_LIMIT = "interval '12 hours'";
/** Every console session ends after this time. */
const ABSOLUTE_LIMIT = "interval '7 days'";
/** Per holder; past that, the least recently used one ends. */
const MAX_PER_HOLDER = 50;

export interface ConsoleSession {
  keyProof: Buffer;
  personId: string | null;
  /** The person's current key hash; null for one of the stack's keys, or if the person is revoked. */
  personKeyHash: Buffer | null;
  /** End by the absolute limit. */
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
       where last_used_at < now() - ${IDLE_LIMIT} or created_at < now() - ${ABSOLUTE_LIMIT} or token_hash in (
         select token_hash from console_sessions where holder = $3
         order by last_used_at desc offset ${MAX_PER_HOLDER - 1}))
     insert into console_sessions (token_hash, key_proof, holder, person_id, address) values ($1, $2, $3, $4, $5)`,
    [tokenHash, keyProof, holder, personId, address],
  );
}

/** Undefined if it does not exist or has ended. */
export async function findConsoleSession(
  q: Queryable,
  tokenHash: Buffer,
): Promise<ConsoleSession | undefined> {
  const [row] = await q.query<ConsoleSession>(
    `select s.key_proof as "keyProof", s.person_id as "personId", p.key_hash as "personKeyHash",
       s.created_at + ${ABSOLUTE_LIMIT} as "endsAt"
     from console_sessions s left join people p on p.id = s.person_id and p.revoked_at is null
     where s.token_hash = $1 and s.last_used_at > now() - ${IDLE_LIMIT} and s.created_at > now() - ${ABSOLUTE_LIMIT}`,
    [tokenHash],
  );
  return row;
}

/** Records a use; written at most once a minute. */
export async function touchConsoleSession(q: Queryable, tokenHash: Buffer): Promise<void> {
  await q.query(
    `update console_sessions set last_used_at = now()
     where token_hash = $1 and last_used_at < now() - interval '1 minute'`,
    [tokenHash],
  );
}

/** `everywhere`: deletes all sessions of the same holder. */
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
