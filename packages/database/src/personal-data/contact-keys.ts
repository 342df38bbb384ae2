import { identitiesOf } from './contact-identities.ts';
import type { Queryable } from '../database.ts';

/** Key types whose id contains a contact's address, and those whose values list addresses. */
const BY_ADDRESS = ['session', 'identity-key', 'device-list', 'lid-mapping', 'tctoken', 'sender-key'];
const WITH_ADDRESSES = ['lid-mapping', 'sender-key-memory'];

/** The key under which the client lists the addresses that it has a `tctoken` of: a JSON array, in base64. */
export const TOKEN_INDEX = { type: 'tctoken', id: '__index' } as const;

/**
 * Deletes the encryption keys shared with a contact. The next message in either direction creates new ones: if one cannot be
 * decrypted, the phone is asked to send it again.
 */
export async function eraseContactKeys(
  tx: Queryable,
  { identities, businessId }: { identities: readonly string[]; businessId: string | undefined },
): Promise<void> {
  const users = identities.flatMap((identity) => /^(?:tel|lid):(\d+)$/.exec(identity)?.[1] ?? []);
  if (users.length === 0) return;
  const user = `(${users.join('|')})(_[0-9]+)?`;
  await tx.query(
    `delete from whatsapp_keys where session_id in (select id from whatsapp_sessions where $1::text is null or business_id = $1)
       and (type = any($2) and id ~ $3 or type = any($4) and value::text ~ $5)`,
    [
      businessId ?? null,
      BY_ADDRESS,
      // `user`, `user.device`, `user@server`, `user_reverse`; `group::user::device`
      String.raw`^${user}(\.[0-9]+|(:[0-9]+)?@.*|_reverse)?$|::${user}::[0-9]+$`,
      WITH_ADDRESSES,
      `(?<![0-9])${user}(?![0-9])`,
    ],
  );
  await removeFromTokenIndex(tx, { identities, businessId });
}

interface TokenIndexRow {
  session_id: string;
  value: { token: { type: 'Buffer'; data: string } };
}

async function removeFromTokenIndex(
  tx: Queryable,
  { identities, businessId }: { identities: readonly string[]; businessId: string | undefined },
): Promise<void> {
  const { type, id } = TOKEN_INDEX;
  const rows = await tx.query<TokenIndexRow>(
    `select session_id, value from whatsapp_keys
     where session_id in (select id from whatsapp_sessions where $1::text is null or business_id = $1) and type = $2 and id = $3
     order by session_id for update`,
    [businessId ?? null, type, id],
  );
  for (const { session_id: sessionId, value } of rows) {
    const addresses = addressesIn(value);
    const kept = addresses?.filter(
      (address) => !identitiesOf(address).some((one) => identities.includes(one)),
    );
    if (kept !== undefined && kept.length === addresses?.length) continue;
    const token = { type: 'Buffer', data: Buffer.from(JSON.stringify(kept ?? [])).toString('base64') };
    // oxlint-disable-next-line no-await-in-loop -- one for each session
    await tx.query('update whatsapp_keys set value = $4 where session_id = $1 and type = $2 and id = $3', [
      sessionId,
      type,
      id,
      JSON.stringify({ token }),
    ]);
  }
}

/** Undefined for a value that the client cannot read either, and treats as an empty list. */
function addressesIn({ token }: TokenIndexRow['value']): string[] | undefined {
  try {
    const listed: unknown = JSON.parse(Buffer.from(token.data, 'base64').toString());
    return Array.isArray(listed) ? listed.filter((one) => typeof one === 'string') : undefined;
  } catch {
    return undefined;
  }
}
