import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

import { expect, it } from 'vitest';

import { whatsappTrustPreload } from './preload.ts';
import { testRootKeyPair } from './trust.ts';

it('the preload makes a client trust the root of the simulator', async () => {
  const script = `
    import { WA_CERT_DETAILS } from '@whiskeysockets/baileys';
    process.stdout.write(WA_CERT_DETAILS.PUBLIC_KEY.toString('hex'));
  `;
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--input-type=module', '--import', whatsappTrustPreload.href, '--eval', script],
    { cwd: import.meta.dirname },
  );
  expect(stdout).toBe(testRootKeyPair.publicKey.toString('hex'));
});
