import { findExecutable } from './executables.ts';
import { type SystemPackage, ensureInstalled } from './system-package.ts';

const chromium: SystemPackage = {
  title: 'Chromium',
  executables: ['chromium', 'chromium-browser', 'google-chrome'],
  packages: { 'apt-get': 'chromium', dnf: 'chromium', apk: 'chromium', pacman: 'chromium' },
};

/** Installs a browser for the console's tests if there is none. */
export const ensureChromiumInstalled = (say: (line: string) => void): Promise<void> =>
  ensureInstalled(chromium, say);

/** The path of the browser. @throws if there is none */
export function chromiumPath(): string {
  const path = findExecutable(...chromium.executables);
  if (path === undefined) throw new Error('there is no Chromium: npm test installs it');
  return path;
}
