import { expect, test } from 'vitest';
import { freePort } from '../ports.ts';
import { Random } from '../random.ts';
import type { Desk } from './desk.ts';
import { SimulatorGone, play } from './play.ts';
import { script } from './script.ts';
import type { WhatsAppLine } from './whatsapp-line.ts';

test('prints the failed scene and throws when the simulator has gone', async () => {
  const lines: string[] = [];
  const line = {
    isLinked: true,
    addPhone: async () => {},
    linked: async () => {},
    write: async () => {
      throw new Error('nobody is there');
    },
  };
  const stage = {
    simulator: `http://127.0.0.1:${await freePort()}`,
    line: line as unknown as WhatsAppLine,
    desk: {} as Desk,
    stop: new AbortController(),
    tell: (_: string, who: string, what: string) => lines.push(`${who} ${what}`),
  };
  await expect(play(stage, script, new Random(1))).rejects.toThrow(SimulatorGone);
  expect(lines.at(-1)).toMatch(/^\S+ did not get on: nobody is there$/);
});
