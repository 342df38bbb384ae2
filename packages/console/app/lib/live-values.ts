/** The parts that the api tells by itself, by name: apps/api/src/console/parts.ts. */
export interface LiveValues {
  build: { build?: number; commit?: string; version?: string };
  figures: { until: number; values: Record<FigureName, number | null> } | null;
  chats: {
    waiting: number;
    waiting_since: string | null;
    person: number;
    last_message: string;
    last_event: string;
  };
  queues: Record<string, QueueFigures>;
}

export type FigureName =
  | 'messages_in_per_minute'
  | 'messages_out_per_minute'
  | 'answer_seconds'
  | 'chats_waiting'
  | 'calls_active'
  | 'jobs_done_per_minute'
  | 'jobs_open'
  | 'jobs_failed_per_minute';

export interface QueueFigures {
  paused: boolean;
  waiting: number;
  active: number;
  delayed: number;
  oldestAgeSeconds: number;
}
