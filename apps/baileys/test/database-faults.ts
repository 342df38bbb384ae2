import { execFile } from 'node:child_process';
import { chmod, chown, mkdtemp, open, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import { promisify } from 'node:util';
import type { Database } from '@prosaas/database';
import type { PostgresServer } from '@prosaas/devstack';

const run = promisify(execFile);

/** The role of the service. It owns no tables, so that its grants can be revoked. */
const SERVICE_ROLE = 'front_desk';

export interface Faulty {
  postgres: PostgresServer;
  /** Connected as the owner of the tables. */
  owner: Database;
  disk: SmallDisk | undefined;
}

export interface DatabaseFault {
  readonly name: string;
  begin(faulty: Faulty): Promise<unknown>;
  end(faulty: Faulty): Promise<unknown>;
}

/** Runs SQL texts as the owner, also while the server's default is read-only. */
const owned = ({ owner }: Faulty, ...texts: string[]): Promise<unknown> =>
  owner.transaction(async (tx) => {
    await tx.query('set transaction read write');
    for (const text of texts) await tx.query(text);
  });

export const databaseFaults: readonly DatabaseFault[] = [
  {
    name: 'renamed-column',
    begin: (faulty) => owned(faulty, 'alter table messages rename column text to text_'),
    end: (faulty) => owned(faulty, 'alter table messages rename column text_ to text'),
  },
  {
    name: 'renamed-key-column',
    begin: (faulty) => owned(faulty, 'alter table whatsapp_keys rename column value to value_'),
    end: (faulty) => owned(faulty, 'alter table whatsapp_keys rename column value_ to value'),
  },
  {
    name: 'revoked-grant',
    begin: (faulty) => owned(faulty, `revoke insert on messages from ${SERVICE_ROLE}`),
    end: (faulty) => owned(faulty, `grant insert on messages to ${SERVICE_ROLE}`),
  },
  {
    name: 'dropped-table',
    begin: (faulty) => owned(faulty, 'alter table messages rename to messages_'),
    end: (faulty) => owned(faulty, 'alter table messages_ rename to messages'),
  },
  {
    name: 'full-disk',
    begin: ({ disk, ...faulty }) => (disk ? disk.fill() : owned({ ...faulty, disk }, ...EMULATED_FULL_DISK)),
    end: ({ disk, ...faulty }) =>
      disk ? disk.free() : owned({ ...faulty, disk }, 'drop trigger full_disk on messages'),
  },
  {
    name: 'read-only-server',
    async begin({ owner }) {
      await owner.query('alter system set default_transaction_read_only = on');
      await owner.query('select pg_reload_conf()');
    },
    async end({ owner }) {
      await owner.query('alter system reset default_transaction_read_only');
      await owner.query('select pg_reload_conf()');
    },
  },
  {
    name: 'lost-connection',
    begin: ({ postgres }) => postgres.stop(),
    end: ({ postgres }) => postgres.start(),
  },
];

const EMULATED_FULL_DISK = [
  `create or replace function full_disk() returns trigger language plpgsql as
   $$ begin raise exception 'could not extend file: No space left on device' using errcode = '53100'; end $$`,
  'create trigger full_disk before insert on messages for each row execute function full_disk()',
];

/** Creates the role. Returns the URL of the database for it. */
export async function asServiceRole(owner: Database, url: string): Promise<string> {
  await owner.query(`create role ${SERVICE_ROLE} login password 'front_desk'`);
  await owner.query(`grant select, insert, update, delete on all tables in schema public to ${SERVICE_ROLE}`);
  const seen = new URL(url);
  seen.username = SERVICE_ROLE;
  seen.password = SERVICE_ROLE;
  return seen.href;
}

/** A file system of 24 MB that holds the table of messages, and that a file can fill up. */
export class SmallDisk implements AsyncDisposable {
  readonly #path: string;

  /** Undefined if this process may not mount. */
  static async mount(postgres: PostgresServer): Promise<SmallDisk | undefined> {
    const path = await mkdtemp(join(tmpdir(), 'prosaas-small-disk-'));
    try {
      await run('mount', ['-t', 'tmpfs', '-o', 'size=24m', 'tmpfs', path]);
    } catch {
      await rm(path, { recursive: true });
      return undefined;
    }
    const { uid, gid } = await stat(postgres.dir);
    await chown(path, uid, gid);
    await chmod(path, 0o700);
    return new SmallDisk(path);
  }

  private constructor(path: string) {
    this.#path = path;
  }

  async use(owner: Database): Promise<void> {
    await owner.query(`create tablespace small_disk location '${this.#path}'`);
    await owner.query('alter table messages set tablespace small_disk');
  }

  async fill(): Promise<void> {
    await using file = await open(join(this.#path, 'filler'), 'w');
    const block = Buffer.alloc(4096);
    try {
      for (;;) await file.write(block);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    }
  }

  async free(): Promise<void> {
    await rm(join(this.#path, 'filler'));
  }

  /** Has to be called after PostgreSQL has stopped. */
  async [Symbol.asyncDispose](): Promise<void> {
    const mounts = await readFile('/proc/mounts', 'utf8');
    if (mounts.includes(` ${this.#path} `)) await run('umount', ['--lazy', this.#path]);
    await rm(this.#path, { recursive: true, force: true });
  }
}
