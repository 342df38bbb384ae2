import { type TOptional, type TUnsafe, Type } from 'typebox';

/** One environment variable: its type, default and description, and how its text is parsed. */
export type Field<T> = TUnsafe<T>;
export type OptionalField<T> = TOptional<TUnsafe<T>>;

export interface FieldReader {
  /** Returns the value or throws an error whose text completes "NAME ...": "must be ...". */
  parse?: (text: string) => unknown;
  /** The value is never printed, and may come from the file that `NAME_FILE` names. */
  secret?: boolean;
}

interface FieldOptions extends FieldReader {
  default?: unknown;
  description: string;
}

function field<T>(schema: Record<string, unknown>, options: FieldOptions): Field<T> {
  return Type.Unsafe<T>({ ...schema, ...options });
}

/** A value that `parse` reads. `parse` throws an error whose text continues the variable's name ("must be ..."). */
export function Parsed<T>(
  fallback: string | number,
  description: string,
  parse: (text: string) => T,
): Field<T> {
  return field({}, { default: fallback, description, parse });
}

/** Like `Parsed`, unset by default. */
export function OptionalParsed<T>(description: string, parse: (text: string) => T): OptionalField<T> {
  return Type.Optional(field<T>({}, { description, parse }));
}

export function Integer(
  fallback: number,
  description: string,
  { minimum = 0, maximum = Number.MAX_SAFE_INTEGER }: { minimum?: number; maximum?: number } = {},
): Field<number> {
  return field(
    { type: 'integer', minimum, maximum },
    {
      default: fallback,
      description,
      parse: (text) => parseNumber(text, { minimum, maximum, whole: true }),
    },
  );
}

export function Port(fallback: number, description: string): Field<number> {
  return Integer(fallback, description, { minimum: 0, maximum: 65_535 });
}

/** A duration in seconds, a fraction allowed. */
export function Seconds(
  fallback: number,
  description: string,
  { minimum = 0, maximum = 86_400 }: { minimum?: number; maximum?: number } = {},
): Field<number> {
  return field(
    { type: 'number', minimum, maximum },
    {
      default: fallback,
      description,
      parse: (text) => parseNumber(text, { minimum, maximum, whole: false }),
    },
  );
}

export function Flag(fallback: boolean, description: string): Field<boolean> {
  return field({ type: 'boolean' }, { default: fallback, description, parse: parseFlag });
}

export function Text(fallback: string, description: string): Field<string> {
  return field({ type: 'string' }, { default: fallback, description });
}

export function OptionalText(description: string): OptionalField<string> {
  return Type.Optional(field<string>({ type: 'string' }, { description }));
}

export function UrlText(
  fallback: string,
  description: string,
  protocols: readonly string[] = ['http', 'https'],
): Field<string> {
  return field(
    { type: 'string' },
    { default: fallback, description, parse: (text) => parseUrl(text, protocols) },
  );
}

export function OptionalUrl(
  description: string,
  protocols: readonly string[] = ['http', 'https'],
): OptionalField<string> {
  return Type.Optional(
    field<string>({ type: 'string' }, { description, parse: (text) => parseUrl(text, protocols) }),
  );
}

/** A URL that may contain a password. */
export function SecretUrl(
  fallback: string,
  description: string,
  protocols: readonly string[],
): Field<string> {
  return SecretText(fallback, description, (text) => parseUrl(text, protocols));
}

/** A value that may contain a password, parsed by `parse`. */
export function SecretText(
  fallback: string,
  description: string,
  parse: (text: string) => string,
): Field<string> {
  return field({ type: 'string' }, { default: fallback, description, secret: true, parse });
}

/** A key or password; unset by default. */
export function Secret(description: string, parse?: (text: string) => string): OptionalField<string> {
  const options = { description, secret: true, ...(parse === undefined ? {} : { parse }) };
  return Type.Optional(field<string>({ type: 'string' }, options));
}

export function Choice<T extends string>(values: readonly T[], fallback: T, description: string): Field<T> {
  return field(
    { enum: [...values] },
    {
      default: fallback,
      description,
      parse: (text) => {
        const found = values.find((value) => value === text);
        if (found === undefined) throw new RangeError(`must be one of ${values.join(', ')}`);
        return found;
      },
    },
  );
}

function parseNumber(
  text: string,
  { minimum, maximum, whole }: { minimum: number; maximum: number; whole: boolean },
): number {
  const value = /^[+-]?\d+(?:\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (value >= minimum && value <= maximum && (!whole || Number.isSafeInteger(value))) return value;
  const range =
    maximum === Number.MAX_SAFE_INTEGER ? `of at least ${minimum}` : `from ${minimum} to ${maximum}`;
  throw new RangeError(`must be a ${whole ? 'whole ' : ''}number ${range}`);
}

const FLAGS: Readonly<Record<string, boolean>> = {
  '1': true,
  true: true,
  yes: true,
  on: true,
  '0': false,
  false: false,
  no: false,
  off: false,
};

function parseFlag(text: string): boolean {
  const name = text.toLowerCase();
  const value = Object.hasOwn(FLAGS, name) ? FLAGS[name] : undefined;
  if (value === undefined) throw new RangeError('must be 1 or 0 (or true, false, yes, no, on, off)');
  return value;
}

function parseUrl(text: string, protocols: readonly string[]): string {
  const url = URL.parse(text);
  if (url === null || !protocols.includes(url.protocol.slice(0, -1))) {
    throw new RangeError(
      `must be a URL that begins with ${protocols.map((name) => `${name}://`).join(' or ')}`,
    );
  }
  return text;
}
