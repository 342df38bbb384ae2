import { expect, test } from 'vitest';
import { type HysteresisState, applyHysteresis } from './hysteresis.ts';

// Each letter is one result: p passes, f fails.
test.each([
  ['the first result decides', 'f', 'f'],
  ['two failures do not change it', 'pff', 'ppp'],
  ['three failures do', 'pfff', 'pppf'],
  ['three failures that are not in a row do not', 'pffpff', 'pppppp'],
  ['one pass does not change it back', 'fp', 'ff'],
  ['two passes do', 'fpp', 'ffp'],
  ['two passes that are not in a row do not', 'fpfpf', 'fffff'],
])('%s', (_case, results, expected) => {
  let state: HysteresisState | undefined;
  const states = Array.from(results, (result) => {
    state = applyHysteresis(state, result === 'p', { failureThreshold: 3, successThreshold: 2 });
    return state.ok ? 'p' : 'f';
  });
  expect(states.join('')).toBe(expected);
});
