import { readFile } from 'node:fs/promises';
import { createLogger, errorReason } from '@prosaas/runtime';
import type { AnswerOrFinding } from './api-answers.ts';

/** The metrics token: from the file if given, else METRICS_TOKEN, else the one that the api generated. */
export async function readToken(
  file: string | undefined,
  config: { METRICS_TOKEN?: string; DATABASE_URL: string },
): Promise<AnswerOrFinding<string>> {
  try {
    const text = file === undefined ? config.METRICS_TOKEN : await readFile(file, 'utf8');
    // During a rotation METRICS_TOKEN holds two; both are valid.
    const token = (text ?? (await readGenerated(config.DATABASE_URL))).split(',')[0]?.trim();
    return token ? { answer: token } : missing('it is empty');
  } catch (error) {
    return missing(errorReason(error).error ?? 'unknown reason');
  }
}

async function readGenerated(url: string): Promise<string> {
  // Imported here because it takes long to load and is rarely needed.
  const { createDatabase, readGeneratedKeys } = await import('@prosaas/database');
  const log = createLogger({ service: 'api', instance: 'check', level: 'silent' });
  await using db = createDatabase({ url, size: 1, applicationName: 'prosaas:check', log });
  return (await readGeneratedKeys(db)).get('METRICS_TOKEN') ?? '';
}

const missing = (reason: string): AnswerOrFinding<never> => ({
  finding: {
    level: 'UNKNOWN',
    subject: 'metrics',
    text: `no metrics token (${reason}): set METRICS_TOKEN or pass --token-file; in containers run docker compose exec -T api prosaas-check`,
  },
});
