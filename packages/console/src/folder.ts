import { fileURLToPath } from 'node:url';

/** The folder of the built page. It does not exist before the build. The path is the same from `src` and from `dist`. */
export const consoleFolder: string = fileURLToPath(new URL('../site', import.meta.url));
