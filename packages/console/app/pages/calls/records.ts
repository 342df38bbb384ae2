export interface Moment {
  at: string;
  event: string;
  detail: string | null;
}

export interface Recording {
  id: string;
  media_type: string;
  duration_ms: number;
  created_at: string;
}

/** GET /api/calls */
export interface Call {
  id: string;
  business_id: string;
  from_number: string | null;
  to_number: string | null;
  status: string;
  outcome: 'completed' | 'error' | 'rejected' | null;
  reason: string | null;
  started_at: string;
  answered_at: string | null;
  ended_at: string | null;
  timeline: Moment[];
  recordings: Recording[];
}
