import { hash, randomBytes } from 'node:crypto';
import { AppError, type KeyHolder } from '@prosaas/runtime';
import type { Queryable } from '../database.ts';

export interface PersonRow {
  id: string;
  business_id: string;
  name: string;
  role: KeyHolder['role'];
  /** Digits, without `+`. */
  phone_number: string | null;
  email: string | null;
  created_at: Date;
  revoked_at: Date | null;
  /** `created_at` in microseconds, which a Date cannot hold: for the next page's cursor. */
  position: string;
}

/** A person's key in clear text: returned once to its creator, and stored only as a hash. */
export interface PersonWithKey {
  person: PersonRow;
  key: string;
}

export type NewPerson = Pick<PersonRow, 'business_id' | 'name' | 'role' | 'phone_number' | 'email'>;
export type PersonChange = Partial<Pick<PersonRow, 'name' | 'role' | 'phone_number' | 'email'>>;

/** The people of one business or of all (undefined), with or without admins. */
export interface PeopleScope {
  businessId: string | undefined;
  withAdmins: boolean;
}

export class PhoneNumberTaken extends AppError {
  override code = 'PHONE_NUMBER_TAKEN';
  override status = 409;

  constructor(options: ErrorOptions) {
    super('Another person of this business has this phone number.', options);
  }
}

const COLUMNS = `id, business_id, name, role, phone_number, email, created_at, revoked_at,
  (extract(epoch from created_at) * 1000000)::bigint::text as position`;
const IN_SCOPE = `($1::text is null or business_id = $1) and ($2 or role <> 'admin')`;

/** Undefined if the business does not exist or has `most` people already. @throws PhoneNumberTaken */
export async function createPerson(
  q: Queryable,
  { business_id, name, role, phone_number, email }: NewPerson,
  { most }: { most: number },
): Promise<PersonWithKey | undefined> {
  const key = newKey();
  const [person] = await orPhoneNumberTaken(
    q.query<PersonRow>(
      `insert into people (business_id, name, role, phone_number, email, key_hash)
       select id, $2, $3, $4, $5, $6 from businesses
        where id = $1 and (select count(*) from people where business_id = $1 and revoked_at is null) < $7
       returning ${COLUMNS}`,
      [business_id, name, role, phone_number, email, hashOf(key), most],
    ),
  );
  return person && { person, key };
}

/** The latest first. */
export async function listPeople(
  q: Queryable,
  {
    scope,
    withRevoked,
    after,
    limit,
  }: {
    scope: PeopleScope;
    withRevoked: boolean;
    after?: { position: string; id: string } | undefined;
    limit: number;
  },
): Promise<PersonRow[]> {
  return q.query<PersonRow>(
    `select ${COLUMNS} from people
      where ${IN_SCOPE} and ($3 or revoked_at is null)
        and ($4::bigint is null
          or (created_at, id) < (timestamptz 'epoch' + $4::bigint * interval '1 microsecond', $5::uuid))
      order by created_at desc, id desc
      limit $6`,
    [...valuesOf(scope), withRevoked, after?.position ?? null, after?.id ?? null, limit],
  );
}

export async function findPerson(
  q: Queryable,
  id: string,
  scope: PeopleScope,
): Promise<PersonRow | undefined> {
  const [row] = await q.query<PersonRow>(`select ${COLUMNS} from people where ${IN_SCOPE} and id = $3`, [
    ...valuesOf(scope),
    id,
  ]);
  return row;
}

/** Undefined if the person does not exist or is revoked. @throws PhoneNumberTaken */
export async function changePerson(
  q: Queryable,
  id: string,
  { scope, change }: { scope: PeopleScope; change: PersonChange },
): Promise<PersonRow | undefined> {
  const { name, role, phone_number, email } = change;
  const [row] = await orPhoneNumberTaken(
    q.query<PersonRow>(
      `update people set name = coalesce($4, name), role = coalesce($5, role),
          phone_number = case when $6 then $7 else phone_number end, email = case when $8 then $9 else email end
        where ${IN_SCOPE} and id = $3 and revoked_at is null
       returning ${COLUMNS}`,
      [
        ...valuesOf(scope),
        id,
        name,
        role,
        phone_number !== undefined,
        phone_number,
        email !== undefined,
        email,
      ],
    ),
  );
  return row;
}

/** Replaces the person's key. Undefined if the person does not exist or is revoked. */
export async function replaceKey(
  q: Queryable,
  id: string,
  scope: PeopleScope,
): Promise<PersonWithKey | undefined> {
  const key = newKey();
  const [person] = await q.query<PersonRow>(
    `update people set key_hash = $4 where ${IN_SCOPE} and id = $3 and revoked_at is null returning ${COLUMNS}`,
    [...valuesOf(scope), id, hashOf(key)],
  );
  return person && { person, key };
}

/** True also if the person was revoked before. */
export async function revokePerson(q: Queryable, id: string, scope: PeopleScope): Promise<boolean> {
  const rows = await q.query(
    `update people set revoked_at = coalesce(revoked_at, now()), key_hash = null
      where ${IN_SCOPE} and id = $3 returning id`,
    [...valuesOf(scope), id],
  );
  return rows.length > 0;
}

const valuesOf = ({ businessId, withAdmins }: PeopleScope): unknown[] => [businessId ?? null, withAdmins];

// 256 random bits, so a plain hash is safe.
const newKey = (): string => randomBytes(32).toString('base64url');

const hashOf = (key: string): Buffer => hash('sha256', key, 'buffer');

async function orPhoneNumberTaken<T>(written: Promise<T>): Promise<T> {
  try {
    return await written;
  } catch (error) {
    const { code, constraint } = error as { code?: unknown; constraint?: unknown };
    if (code === '23505' && constraint === 'people_by_number') throw new PhoneNumberTaken({ cause: error });
    throw error;
  }
}
