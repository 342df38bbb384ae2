import { type Stack, type StackOptions, poll, startStack } from '@prosaas/devstack';
import { type Answer, ask } from './ask.ts';

/**
 * A stack whose services stop without draining, which has a test of its own, and whose customers may write as fast as programs.
 */
export function startQuickStack(options: StackOptions = {}): Promise<Stack> {
  return startStack({ ...options, env: { DRAIN_SECONDS: '0', AGENT_MOST_ANSWERS: '0', ...options.env } });
}

/** Requests a URL until the answer satisfies `as`. */
export function until(
  url: string,
  as: (answer: Answer) => boolean,
  options: { what?: string; timeoutMs?: number; init?: RequestInit } = {},
): Promise<Answer> {
  const { what = url, timeoutMs = 40_000, init } = options;
  return poll(
    async () => {
      const answer = await ask(url, init);
      return as(answer) && answer;
    },
    { timeoutMs, everyMs: 100, what },
  );
}

export const isStatus =
  (status: number) =>
  (answer: Answer): boolean =>
    answer.status === status;

/** The output of all services of a stack. */
export function outputOf(stack: Stack): string {
  return Object.values(stack.services)
    .map((service) => service.output())
    .join('\n');
}

export interface LogLine {
  level: string;
  time: string;
  service: string;
  instance: string;
  msg: string;
  [field: string]: unknown;
}

/** Parses the lines. @throws if a line is not JSON */
export function logLines(output: string): LogLine[] {
  return output
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as LogLine);
}
