import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';

interface Mail {
  from: string;
  to: string[];
  /** The raw message. */
  text: string;
}

export interface MailServer extends AsyncDisposable {
  /** Including user and password. */
  url: string;
  got: Mail[];
  /** Answers a recipient with this code instead of taking the mail. */
  fault: (to: string) => number | undefined;
}

/** A real SMTP server that stores the messages it gets. */
export async function startMailServer(): Promise<MailServer> {
  const server = new SMTPServer({
    disabledCommands: ['STARTTLS'],
    allowInsecureAuth: true,
    onAuth({ username, password }, _session, callback) {
      if (username === 'desk@example.com' && password === 'p@ss/w#rd') callback(null, { user: username });
      else callback(new Error('wrong password'));
    },
    onRcptTo({ address }, _session, callback) {
      const code = mail.fault(address);
      callback(code === undefined ? null : Object.assign(new Error('not this one'), { responseCode: code }));
    },
    onData(stream, { envelope }, callback) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const { mailFrom, rcptTo } = envelope;
        mail.got.push({
          from: mailFrom === false ? '' : mailFrom.address,
          to: rcptTo.map(({ address }) => address),
          text: Buffer.concat(chunks).toString(),
        });
        callback();
      });
    },
  });
  server.on('error', () => {});
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.server.address() as AddressInfo;
  const mail: MailServer = {
    url: `smtp://desk%40example.com:${encodeURIComponent('p@ss/w#rd')}@127.0.0.1:${port}`,
    got: [],
    fault: () => undefined,
    [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(() => resolve())),
  };
  return mail;
}
