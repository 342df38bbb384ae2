import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

export function findExecutable(...names: string[]): string | undefined {
  // Package managers put servers into folders that are not on everybody's PATH.
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/local/sbin', '/usr/sbin', '/sbin'];
  for (const name of names) {
    for (const folder of folders) {
      const path = join(folder, name);
      try {
        accessSync(path, constants.X_OK);
        return path;
      } catch {
        // look on
      }
    }
  }
  return undefined;
}
