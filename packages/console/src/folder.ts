import { fileURLToPath } from 'node:url';

/** Where the built page lies; the same seen from `src` and from `dist`. There is nothing before it was built. */
export const consoleFolder: string = fileURLToPath(new URL('../site', import.meta.url));
