import { effect, signal } from '@preact/signals';
import { readStored, store } from './storage.ts';

const system = globalThis.matchMedia?.('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';

export const theme = signal<'light' | 'dark'>(
  readStored('theme') === 'dark' ? 'dark' : readStored('theme') === 'light' ? 'light' : system,
);

effect(() => {
  document.documentElement.dataset['theme'] = theme.value;
});

export function toggleTheme(): void {
  theme.value = theme.value === 'dark' ? 'light' : 'dark';
  store('theme', theme.value);
}
