// A preload: a send to a chat whose name begins with a way to die takes its process with it; behind a point may stand a word of the
// texts that do. A file that DEADLY_LEDGER names gets a line of each: the message's id, who died of it, of which worker, and when.
import { appendFileSync } from 'node:fs';

const original = globalThis.fetch;

const isChild = process.argv[1]?.includes('job-process') ?? false;

const ways: Record<string, () => void> = {
  killed: () => process.kill(process.pid, 'SIGKILL'),
  // A process for one job, its worker first.
  together: () => {
    if (isChild) process.kill(process.ppid, 'SIGKILL');
    process.kill(process.pid, 'SIGKILL');
  },
  exits: () => process.exit(3),
  blocks: () => {
    for (;;);
  },
};

globalThis.fetch = (input, init) => {
  const body = typeof init?.body === 'string' ? init.body : '{}';
  const { chatId = '', text = '' } = JSON.parse(body) as { chatId?: string; text?: string };
  const [, way = '', word = ''] = /^([a-z]+)(?:\.([a-z]+))?/.exec(chatId) ?? [];
  if (text.includes(word) && ways[way]) {
    const { DEADLY_LEDGER: ledger } = process.env;
    const key = new Headers(init?.headers).get('idempotency-key');
    if (ledger)
      appendFileSync(
        ledger,
        `${key} ${isChild ? 'child' : 'worker'} ${isChild ? process.ppid : process.pid} ${Date.now()}\n`,
      );
    ways[way]();
  }
  return original(input, init);
};
