// A preload: a send to a chat whose name begins with a way to die takes its process with it.
const original = globalThis.fetch;

const ways: Record<string, () => void> = {
  killed: () => process.kill(process.pid, 'SIGKILL'),
  exits: () => process.exit(3),
  blocks: () => {
    for (;;);
  },
};

globalThis.fetch = (input, init) => {
  const body = typeof init?.body === 'string' ? init.body : '{}';
  const { chatId = '' } = JSON.parse(body) as { chatId?: string };
  ways[chatId.split(/[-@]/)[0]!]?.();
  return original(input, init);
};
