import { readFile } from 'node:fs/promises';
import { createLogger, errorReason } from '@prosaas/runtime';
import type { Answered } from './api-answers.ts';

/** The metrics token from a file, from METRICS_TOKEN or, where that is not set, the one that the api generated. */
export async function readToken(
  file: string | undefined,
  config: { METRICS_TOKEN?: string; DATABASE_URL: string },
): Promise<Answered<string>> {
  try {
    const text = file === undefined ? config.METRICS_TOKEN : await readFile(file, 'utf8');
    // While one token replaces the other, either opens.
    const token = (text ?? (await readGenerated(config.DATABASE_URL))).split(',')[0]?.trim();
    return token ? { answer: token } : missing('it is empty');
  } catch (error) {
    return missing(errorReason(error).error ?? 'no reason is known');
  }
}

async function readGenerated(url: string): Promise<string> {
  // Where the token is set, nothing is loaded for this.
  const { createDatabase, readGeneratedKeys } = await import('@prosaas/database');
  const log = createLogger({ service: 'api', instance: 'check', level: 'silent' });
  await using db = createDatabase({ url, size: 1, applicationName: 'prosaas:check', log });
  return (await readGeneratedKeys(db)).get('METRICS_TOKEN') ?? '';
}

const missing = (reason: string): Answered<never> => ({
  finding: {
    level: 'UNKNOWN',
    subject: 'metrics',
    text: `no metrics token (${reason}): set METRICS_TOKEN or give --token-file; in containers run docker compose exec -T api prosaas-check`,
  },
});
