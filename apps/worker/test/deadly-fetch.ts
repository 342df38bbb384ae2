// A preload: a send to a chat that names a way to die takes its process with it.
const original = globalThis.fetch;

const ways: Record<string, () => void> = {
  'killed@s.whatsapp.net': () => process.kill(process.pid, 'SIGKILL'),
  'exits@s.whatsapp.net': () => process.exit(3),
  'blocks@s.whatsapp.net': () => {
    for (;;);
  },
};

globalThis.fetch = (input, init) => {
  const body = typeof init?.body === 'string' ? init.body : '{}';
  const { chatId } = JSON.parse(body) as { chatId?: string };
  ways[chatId ?? '']?.();
  return original(input, init);
};
