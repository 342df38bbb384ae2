import { expect, test } from 'vitest';
import { Playout } from './playout.ts';

test('a mark is echoed when everything before it was played, and not before', () => {
  const marks: string[] = [];
  const playout = new Playout((name) => marks.push(name));
  playout.add(new Uint8Array(200));
  playout.mark('end');
  playout.play(160);
  expect(marks).toEqual([]);
  playout.play(160);
  expect(marks).toEqual(['end']);
  expect(playout.heard.length).toBe(200);
});

test('clear drops audio that was not played, and echoes its marks', () => {
  const marks: string[] = [];
  const playout = new Playout((name) => marks.push(name));
  playout.add(new Uint8Array(400));
  playout.mark('end');
  playout.play(160);
  playout.clear();
  expect(marks).toEqual(['end']);
  expect(playout).toMatchObject({ waiting: 0, mostWaiting: 400 });
  expect(playout.heard.length).toBe(160);
});

test('a mark with nothing before it is echoed at once', () => {
  const marks: string[] = [];
  new Playout((name) => marks.push(name)).mark('now');
  expect(marks).toEqual(['now']);
});
