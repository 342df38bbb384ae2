import { afterEach, describe, expect, it, vi } from 'vitest';

import { SignalDevice } from './signal-device.ts';

afterEach(() => vi.restoreAllMocks());

describe('SignalDevice', () => {
  it('keeps what libsignal says about sessions off the console', async () => {
    const methods = ['info', 'warn', 'error'] as const;
    const said = methods.map((method) => vi.spyOn(console, method).mockImplementation(() => {}));
    const [alice, bob] = [new SignalDevice('alice'), new SignalDevice('bob')];

    const first = await alice.encrypt('bob', { conversation: 'one' }, () => bob.bundle());
    expect((await bob.decrypt('alice', first)).conversation).toBe('one');
    // A second session on top of the first makes libsignal close one, and print it.
    alice.forget('bob');
    const second = await alice.encrypt('bob', { conversation: 'two' }, () => bob.bundle());
    expect((await bob.decrypt('alice', second)).conversation).toBe('two');
    await expect(bob.decrypt('alice', { type: 'msg', bytes: second.bytes })).rejects.toThrow('session');

    for (const spy of said) expect(spy).not.toHaveBeenCalled();
    console[methods[0]]('others may speak');
    expect(said[0]).toHaveBeenCalledWith('others may speak');
  });

  it('leaves a session as it was when a message cannot be read', async () => {
    const [alice, bob] = [new SignalDevice('a2'), new SignalDevice('b2')];
    const good = await alice.encrypt('b2', { conversation: 'good' }, () => bob.bundle());
    const broken = { ...good, bytes: Buffer.from(good.bytes) };
    broken.bytes[0] = 0x11;
    await expect(bob.decrypt('a2', broken)).rejects.toThrow('version');
    expect((await bob.decrypt('a2', good)).conversation).toBe('good');
  });
});
