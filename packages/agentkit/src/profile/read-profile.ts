import { readFile } from 'node:fs/promises';
import { LineCounter, parseDocument } from 'yaml';
import { profileProblems } from './profile-schema.ts';
import type { Profile } from './profile.ts';

export class ProfileError extends Error {
  readonly code = 'PROFILE_INVALID';
  readonly problems: string[];

  constructor(path: string, problems: string[], options?: ErrorOptions) {
    super(`profile ${path}: ${problems.join('; ')}`, options);
    this.name = 'ProfileError';
    this.problems = problems;
  }
}

const defaultProfile = new URL('../../profiles/default.yaml', import.meta.url);

/**
 * Reads a business profile (YAML); without a path, the one that is shipped.
 * @throws ProfileError that lists every fault of the file.
 */
export const loadProfile = async (path?: string): Promise<Profile> =>
  parseProfile(await readProfileText(path), path ?? 'default.yaml');

/** @throws ProfileError */
export async function readProfileText(path: string | undefined): Promise<string> {
  try {
    return await readFile(path ?? defaultProfile, 'utf8');
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code ?? String(cause);
    throw new ProfileError(path ?? 'default.yaml', [`cannot be read: ${reason}`], { cause });
  }
}

export function parseProfile(text: string, name: string): Profile {
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter, prettyErrors: false });
  if (document.errors.length > 0) {
    throw new ProfileError(
      name,
      document.errors.map((error) => `line ${lineCounter.linePos(error.pos[0]).line}: ${error.message}`),
    );
  }
  const value: unknown = document.toJS({ maxAliasCount: 20 });
  const problems = profileProblems(value);
  if (problems.length > 0) throw new ProfileError(name, problems);
  return value as Profile;
}
