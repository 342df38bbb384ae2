/** A check as in GET /api/checks: apps/api/src/routes/checks.ts. */
export interface Check {
  name: string;
  looks_at: string | null;
  status: 'pass' | 'warn' | 'fail';
  since: string | null;
  reasons: Reason[];
  facts: Record<string, unknown>;
}

export interface Reason {
  code: string;
  means: string | null;
  title: string | null;
  what_to_do: { kind: 'text' | 'item' | 'code'; text: string }[];
}
