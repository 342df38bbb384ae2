// A preload that makes sends kill their process: those to a chat id such as `killed@...` or `killed.word@...`, which starts with a way to die
// and may restrict it to texts with a word. Each death is a line in the file DEADLY_LEDGER: message id, `worker` or `child`, pid of the
// worker (0: it is gone), Unix ms.
import { appendFileSync } from 'node:fs';

const original = globalThis.fetch;

const isChild = process.argv[1]?.includes('job-process') ?? false;
const parent = process.ppid;
/** A child whose parent is gone gets another one: init, or its stand-in. */
const workerPid = (): number => {
  if (!isChild) return process.pid;
  return process.ppid === parent && parent !== 1 ? parent : 0;
};

const ways: Record<string, () => void> = {
  killed: () => process.kill(process.pid, 'SIGKILL'),
  // A child process kills its worker first.
  together: () => {
    if (isChild && workerPid() !== 0) process.kill(parent, 'SIGKILL');
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
      appendFileSync(ledger, `${key} ${isChild ? 'child' : 'worker'} ${workerPid()} ${Date.now()}\n`);
    ways[way]();
  }
  return original(input, init);
};
