/** Log fields of an error that is expected, such as a dependency that is away: its text and code, no stack. */
export function errorReason(error: unknown): { error?: string; code?: string } {
  if (error === undefined) return {};
  if (!(error instanceof Error)) return { error: typeof error === 'string' ? error : JSON.stringify(error) };
  const { code } = error as { code?: unknown };
  // A host with several addresses fails with one error for each, and no message of its own.
  const parts = error instanceof AggregateError && error.message === '' ? error.errors : [error];
  const text = parts.map((part) => (part instanceof Error ? part.message : String(part))).join('; ');
  return { error: text || error.name, ...(typeof code === 'string' && { code }) };
}
