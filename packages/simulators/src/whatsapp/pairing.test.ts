import { describe, expect, it } from 'vitest';
import { newClient, server, useServer } from './test-set-up.ts';

useServer();

describe('pairing', () => {
  it('pairs by QR, restarts with 515 and logs in as a companion', async () => {
    const client = newClient();
    const account = await client.pair({ number: '15551230000' });
    expect(client.closeCodes).toEqual([515]);
    expect(client.auth.creds.me?.id).toBe('15551230000:1@s.whatsapp.net');
    expect(client.auth.creds.me?.lid).toBe(account.lid.replace('@', ':1@'));
    expect(server.accounts.get('15551230000')).toBe(account);
    expect(account.connected).toBe(true);
  });

  it('refuses a QR text nobody waits with, and one whose keys were exchanged', async () => {
    const client = newClient();
    client.connect();
    await client.until(() => client.qr !== undefined, 'a QR text');
    const [ref, noise, identity, secret, platform] = client.qr!.split(',');
    await expect(server.scanQr('hello')).rejects.toThrow('not a pairing QR');
    await expect(server.scanQr(['2@x', noise, identity, secret, platform].join(','))).rejects.toThrow(
      'no client',
    );
    await expect(server.scanQr([ref, identity, identity, secret, platform].join(','))).rejects.toThrow(
      'other keys',
    );
  });

  it('pairs by a code typed into the handset', async () => {
    const client = newClient();
    client.connect();
    await client.until(() => client.qr !== undefined, 'the socket ready');
    const code = await client.socket!.requestPairingCode('15551230003');
    const account = await server.enterPairingCode('15551230003', code);
    await client.until(() => client.isOpen, 'connection open after pairing');
    expect(client.auth.creds.me?.id).toBe('15551230003:1@s.whatsapp.net');
    const { id } = await server.addPhone().sendText(account, 'paired by code');
    expect(await client.text(id)).toBe('paired by code');
  });

  it('refuses a code that was typed wrong', async () => {
    const client = newClient();
    client.connect();
    await client.until(() => client.qr !== undefined, 'the socket ready');
    const code = await client.socket!.requestPairingCode('15551230004', 'ABCD1234');
    expect(code).toBe('ABCD1234');
    await expect(server.enterPairingCode('15551230004', 'ABCD1235')).rejects.toThrow('with this code');
    expect(client.isOpen).toBe(false);
  });

  it('keeps a client alive that waits for its QR text to be scanned', async () => {
    const client = newClient({ keepAliveIntervalMs: 20 });
    client.connect();
    await client.until(() => client.qr !== undefined, 'a QR text');
    let pongs = 0;
    client.socket!.ws.on('CB:iq,type:result', () => (pongs += 1));
    await client.until(() => pongs >= 3, 'answered pings');
    expect(client.closeCodes).toEqual([]);
  });

  it('lets an account have several companions that see what the others send', async () => {
    const first = newClient();
    const second = newClient();
    const account = await first.pair({ number: '15551230001' });
    expect(await second.pair({ number: '15551230001' })).toBe(account);
    expect(second.auth.creds.me?.id).toBe('15551230001:2@s.whatsapp.net');
    const phone = server.addPhone();

    const { id } = await phone.sendText(account, 'to both');
    expect(await first.text(id)).toBe('to both');
    expect(await second.text(id)).toBe('to both');

    const reply = await first.sendText(phone.jid, 'from the first');
    await phone.nextText({ where: (text) => text.id === reply });
    await second.until(() => second.messages.some(({ key }) => key.id === reply && key.fromMe), 'a copy');
  });

  it('is open at once with a history from the handset, where the client waits for one', async () => {
    const client = newClient({ shouldSyncHistoryMessage: () => true });
    const account = await client.pair();
    await client.until(() => client.auth.creds.accountSyncCounter === 1, 'the end of the first sync');
    expect(client.auth.creds.myAppStateKeyId).toBeTypeOf('string');
    const { id } = await server.addPhone().sendText(account, 'early');
    expect(await client.text(id)).toBe('early');
  });
});
