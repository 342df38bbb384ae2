import { readFile } from 'node:fs/promises';
import {
  type Document,
  LineCounter,
  type Scalar,
  type YAMLError,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  parseDocument,
  visit,
} from 'yaml';
import { isKnownKey, readProfile } from './profile-schema.ts';
import type { Profile } from './profile.ts';
import type { Fault, Path } from './shape.ts';

export class ProfileError extends Error {
  readonly code = 'PROFILE_INVALID';
  /** Each with its place: `mine.yaml:14:14: hours.week.monday.0: …`. */
  readonly problems: string[];

  constructor(problems: string[], options?: ErrorOptions) {
    super(`the profile has faults:\n${problems.map((problem) => `  ${problem}`).join('\n')}`, options);
    this.name = 'ProfileError';
    this.problems = problems;
  }
}

const defaultProfile = new URL('../../profiles/default.yaml', import.meta.url);

/**
 * Reads a business profile (YAML); without a path, the shipped one.
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
    throw new ProfileError([`${path ?? 'default.yaml'}: cannot be read: ${reason}`], { cause });
  }
}

/**
 * @param name the file's name, for error messages
 * @throws ProfileError
 */
export function parseProfile(text: string, name: string): Profile {
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter, prettyErrors: false, logLevel: 'error' });
  joinTexts(document, text);
  // After an error the parser may report many unexpected tokens. They are left out if there is another error.
  const own = document.errors.filter(({ message }) => !message.includes('token in YAML stream'));
  const errors = own.length > 0 ? own : document.errors.slice(0, 1);
  const problems: { offset: number; message: string }[] = errors.map((error) => ({
    offset: error.pos[0],
    message: yamlMessage(error, text),
  }));
  // If the YAML is broken, its fields cannot be checked.
  if (document.errors.every(({ code }) => code === 'DUPLICATE_KEY')) {
    const read = readValue(document);
    if ('profile' in read && problems.length === 0) return read.profile;
    for (const fault of 'faults' in read ? read.faults : [])
      problems.push({
        offset: offsetOf(document, fault),
        message: [
          ...placeText(fault.path),
          fault.message + moreText(fault),
          ...otherText(document, fault, lineCounter),
        ].join(': '),
      });
  }
  throw new ProfileError(
    problems
      .toSorted((one, other) => one.offset - other.offset)
      .map(({ offset, message }) => {
        const { line, col } = lineCounter.linePos(offset);
        return `${name}:${Math.max(line, 1)}:${Math.max(col, 1)}: ${message}`;
      }),
  );
}

const moreText = ({ more }: Fault): string =>
  more === undefined ? '' : ` (and in ${more} more ${more === 1 ? 'place' : 'places'})`;

const otherText = (document: Document.Parsed, { other }: Fault, lines: LineCounter): string[] =>
  other === undefined ? [] : [`also in line ${lines.linePos(offsetOf(document, { path: other })).line}`];

const placeText = (path: Path): string[] => (path.length === 0 ? [] : [path.join('.')]);

/** How to fix the most common YAML errors, by the parser's error code. */
const yamlHints: Readonly<Record<string, string>> = {
  BLOCK_AS_IMPLICIT_KEY: 'a text with ": " in it needs quotes',
  UNEXPECTED_TOKEN:
    'more stands here than one text: is a quote missing, or is the line indented otherwise than its neighbours?',
  MULTIPLE_DOCS: 'a file has one profile, without a line ---',
  TAB_AS_INDENT: 'lines begin with spaces, not with tabs',
};

const yamlMessage = ({ code, message, pos }: YAMLError, text: string): string =>
  code === 'DUPLICATE_KEY'
    ? `${text.slice(pos[0]).split(/[:\n]/, 1)[0]}: this key stands twice`
    : `not valid YAML: ${yamlHints[code] ?? message}`;

/**
 * Between braces YAML ends a text at a comma: in `{answer: Bicycles are 12 euros, helmet included.}` it reads `helmet included.` as a key
 * without a value. This appends such keys to the text before them.
 */
function joinTexts(document: Document.Parsed, text: string): void {
  visit(document, {
    Map(_, map) {
      if (map.flow !== true) return;
      const kept: typeof map.items = [];
      for (const pair of map.items) {
        const { key, value } = pair;
        const before = kept.at(-1)?.value;
        const isRest = isPlain(key) && value === null && isPlain(before) && !isKnownKey(String(key.value));
        if (isRest) before.value = text.slice(before.range[0], key.range[1]).replaceAll(/\s*\n\s*/g, ' ');
        else kept.push(pair);
      }
      map.items = kept;
    },
  });
}

const isPlain = (node: unknown): node is Scalar.Parsed & { value: unknown } =>
  isScalar(node) && node.type === 'PLAIN' && Array.isArray(node.range);

function readValue(document: Document.Parsed): ReturnType<typeof readProfile> {
  try {
    return readProfile(document.toJS({ maxAliasCount: 20 }));
  } catch (error) {
    // Thrown for an alias without an anchor, and for too many nested aliases.
    if (!(error instanceof ReferenceError)) throw error;
    return { faults: [{ path: [], message: `not valid YAML: ${error.message}` } satisfies Fault] };
  }
}

/** The offset of a path in the file: of its scalar value, else of its key, else of the closest parent that exists. */
function offsetOf(document: Document.Parsed, { path, isKey = false }: Pick<Fault, 'path' | 'isKey'>): number {
  let node: unknown = document.contents;
  let offset = document.contents?.range[0] ?? 0;
  for (const [index, segment] of path.entries()) {
    if (isAlias(node)) node = node.resolve(document);
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => String(isScalar(key) ? key.value : key) === String(segment));
      if (pair === undefined) return offset;
      offset = startOf(pair.key) ?? offset;
      node = pair.value;
      const isText = isScalar(node) && node.value !== null;
      if (isText && !isKey && index === path.length - 1) offset = startOf(node) ?? offset;
    } else if (isSeq(node)) {
      node = node.items[Number(segment)];
      offset = startOf(node) ?? offset;
    } else return offset;
  }
  return offset;
}

const startOf = (node: unknown): number | undefined => (isNode(node) ? node.range?.[0] : undefined);
