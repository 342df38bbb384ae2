import { readFileSync } from 'node:fs';
import { type Static, type TObject, type TSchema } from 'typebox';
import { Value } from 'typebox/value';
import type { FieldReader } from './config-fields.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Every fault of the environment, one line each. */
export class ConfigError extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`The configuration is wrong:\n${problems.map((problem) => `  ${problem}`).join('\n')}`);
    this.name = 'ConfigError';
    this.problems = problems;
  }
}

/**
 * Reads the variables that `schema` describes. An empty variable counts as unset. A secret may come from the file that `NAME_FILE`
 * names. Throws one `ConfigError` with every fault.
 */
export function loadConfig<T extends TObject>(schema: T, env: Environment): Static<T> {
  const values: Record<string, unknown> = {};
  const problems: string[] = [];
  const required = new Set<string>(schema.required ?? []);
  for (const [name, field] of Object.entries(schema.properties as Record<string, TSchema & FieldReader>)) {
    try {
      const text = readText(name, field, env);
      const value = text === undefined ? defaultOf(field) : convert(text, field);
      if (value !== undefined) values[name] = value;
      else if (required.has(name)) throw new RangeError('is required');
    } catch (error) {
      problems.push(`${name} ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return values as Static<T>;
}

function readText(name: string, field: FieldReader, env: Environment): string | undefined {
  const text = env[name]?.trim() || undefined;
  if (field.secret !== true) return text;
  const path = env[`${name}_FILE`]?.trim() || undefined;
  if (path === undefined) return text;
  if (text !== undefined) throw new RangeError(`is set twice: as ${name} and as ${name}_FILE`);
  try {
    return readFileSync(path, 'utf8').trim() || undefined;
  } catch (error) {
    throw new RangeError(
      `cannot be read: ${name}_FILE names ${path} (${(error as NodeJS.ErrnoException).code})`,
      {
        cause: error,
      },
    );
  }
}

function defaultOf(field: TSchema & FieldReader): unknown {
  const fallback = (field as { default?: unknown }).default;
  return typeof fallback === 'string' ? convert(fallback, field) : fallback;
}

function convert(text: string, field: TSchema & FieldReader): unknown {
  if (field.parse !== undefined) return parse(text, field.parse, field.secret === true);
  const value = Value.Convert(field, text);
  const [fault] = Value.Errors(field, value);
  if (fault !== undefined) throw new RangeError(`${fault.message}${quoted(text, field.secret === true)}`);
  return value;
}

function parse(text: string, read: (text: string) => unknown, secret: boolean): unknown {
  try {
    return read(text);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new RangeError(message.includes(', not ') ? message : `${message}${quoted(text, secret)}`, {
      cause: error,
    });
  }
}

function quoted(text: string, secret: boolean): string {
  return secret ? '' : `, not ${JSON.stringify(text.slice(0, 100))}`;
}
