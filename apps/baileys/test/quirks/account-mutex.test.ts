import { AsyncResource } from 'node:async_hooks';
import {
  Curve,
  DEFAULT_CONNECTION_CONFIG,
  type SignalDataSet,
  type SignalKeyStore,
  addTransactionCapability,
  generateSignalPubKey,
  initAuthCreds,
  signedKeyPair,
} from '@whiskeysockets/baileys';
import { beforeAll, expect, test, vi } from 'vitest';
import { createLogger } from '@prosaas/runtime';
import { clientLogger } from '../../src/client-logger.ts';
import { underAccountMutex } from '../../src/quirks/account-mutex.ts';

beforeAll(() => {
  // libsignal prints sessions.
  vi.spyOn(console, 'info').mockImplementation(() => {});
});

const log = clientLogger(createLogger({ service: 'test', instance: 'test', level: 'silent' }));
const ACCOUNT = '15550000001:1@s.whatsapp.net';
const CONTACT = '100000000000001@lid';
/** The client's key of the session. */
const SESSION = '100000000000001_1.0';

function setUp(withFaults: boolean) {
  const kept = new Map<string, unknown>();
  const store: SignalKeyStore = {
    get: async (type, ids) => {
      const found = ids.map((id) => [id, kept.get(`${type}/${id}`)] as const).filter(([, value]) => value);
      return Object.fromEntries(found) as never;
    },
    set: async (data: SignalDataSet) => {
      for (const [type, entries] of Object.entries(data)) {
        for (const [id, value] of Object.entries(entries ?? {})) kept.set(`${type}/${id}`, value);
      }
    },
  };
  const keys = addTransactionCapability(store, log, { maxCommitRetries: 1, delayBetweenTriesMs: 0 });
  const auth = { creds: initAuthCreds(), keys };
  const inner = DEFAULT_CONNECTION_CONFIG.makeSignalRepository(auth, log, async () => undefined);
  const accountKey = (): string => ACCOUNT;
  return {
    keys,
    repository: withFaults ? inner : underAccountMutex({ inner, keys, accountKey }),
    session: () => kept.get(`session/${SESSION}`) as Record<'_sessions', object> | null | undefined,
  };
}

function bundle() {
  const identity = Curve.generateKeyPair();
  const { keyId, keyPair, signature } = signedKeyPair(identity, 1);
  return {
    registrationId: 1,
    identityKey: generateSignalPubKey(identity.public),
    signedPreKey: { keyId, publicKey: generateSignalPubKey(keyPair.public), signature },
    preKey: { keyId: 1, publicKey: generateSignalPubKey(Curve.generateKeyPair().public) },
  };
}

type World = ReturnType<typeof setUp>;

/** Runs `change` during a send like that of `relayMessage`. Resolves after both. */
async function duringASend(world: World, change: () => Promise<unknown>): Promise<void> {
  const { keys, repository } = world;
  await repository.injectE2ESession({ jid: CONTACT, session: bundle() });
  let changed: Promise<unknown> | undefined;
  await keys.transaction(async () => {
    await repository.encryptMessage({ jid: CONTACT, data: Buffer.from('text') });
    changed = outside(change);
    // Gives `change` the time to finish if no lock holds it up.
    for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  }, ACCOUNT);
  await changed;
}

/** Runs work outside the open transaction. */
const resource = new AsyncResource('outside');
const outside = <T>(work: () => Promise<T>): Promise<T> => resource.runInAsyncScope(work);

const numberOfSessions = (world: World): number => Object.keys(world.session()?.['_sessions'] ?? {}).length;

test('upstream still has the bug: a send restores a session that was replaced during it', async () => {
  // When this fails, Baileys has fixed it: delete src/quirks/account-mutex.ts.
  const world = setUp(true);
  await duringASend(world, () => world.repository.injectE2ESession({ jid: CONTACT, session: bundle() }));
  expect(numberOfSessions(world)).toBe(1);
});

test('a session that replaces another during a send is kept', async () => {
  const world = setUp(false);
  await duringASend(world, () => world.repository.injectE2ESession({ jid: CONTACT, session: bundle() }));
  expect(numberOfSessions(world)).toBe(2);
});

test('upstream still has the bug: a send restores a session that was deleted during it', async () => {
  const world = setUp(true);
  await duringASend(world, async () => world.keys.set({ session: { [SESSION]: null } }));
  expect(world.session()).toBeTruthy();
});

test('a session that is deleted during a send stays deleted', async () => {
  const world = setUp(false);
  await duringASend(world, async () => world.keys.set({ session: { [SESSION]: null } }));
  expect(world.session()).toBeNull();
});
