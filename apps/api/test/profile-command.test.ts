import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const command = fileURLToPath(new URL('../src/profile.ts', import.meta.url));
const shipped = fileURLToPath(new URL('../../../packages/agentkit/profiles/default.yaml', import.meta.url));

/** Without any service and any setting. */
async function profile(args: string[], input = ''): Promise<{ code: number; out: string; err: string }> {
  const child = spawn(process.execPath, ['--conditions=@prosaas/source', command, ...args], { env: {} });
  child.stdin.end(input);
  const ended = new Promise<number>((resolve) => child.once('close', (code) => resolve(code ?? -1)));
  const [out, err, code] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  return { code, out, err };
}

test('says that a profile is valid, and answers messages with the reason', async () => {
  const { code, out } = await profile([shipped, 'Do you take cash?', 'qwertz']);
  expect(code).toBe(0);
  const [first, cash, unknown] = out.split('\n\n');
  expect(first).toBe('The profile is valid: Front Desk, 16 questions, in en.');
  expect(cash).toMatch(/^Do you take cash\?\n {2}\S.*\n {4}“.+” fits\./);
  expect(unknown).toMatch(/^qwertz\n {2}\S.*\n {4}No entry comes near\./);
});

test('lists the faults of a profile from standard input with line and column', async () => {
  const faulty =
    'name: Casa Verde\ntimeZone: Nowhere\nlanguage: en\nlanguages: [en]\ngreeting: { en: Hi, es: Hola }\n';
  const { code, out, err } = await profile(['-'], faulty);
  expect([code, out]).toEqual([1, '']);
  expect(err).toContain('profile:2:11: timeZone: ');
  expect(err).toContain('profile:5:21: greeting.es: languages lacks es\n');
});

test.each([
  { args: ['/nowhere.yaml'], code: 1, printed: '/nowhere.yaml: cannot be read: ENOENT\n' },
  { args: [], code: 2, printed: 'profile FILE [MESSAGE]...' },
  { args: ['--help'], code: 0, printed: 'profile FILE [MESSAGE]...' },
])('ends with $code for the arguments $args', async ({ args, code, printed }) => {
  const ended = await profile(args);
  expect(ended.code).toBe(code);
  expect(ended.out + ended.err).toContain(printed);
});
