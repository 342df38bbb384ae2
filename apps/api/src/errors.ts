import { AppError } from '@prosaas/runtime';

/** What does not exist and what belongs to another business look the same from outside. */
export class NotFound extends AppError {
  constructor(
    what:
      | 'business'
      | 'call'
      | 'conversation'
      | 'entry'
      | 'file'
      | 'job'
      | 'message'
      | 'person'
      | 'phone number'
      | 'question'
      | 'queue'
      | 'recording'
      | 'service'
      | 'session',
  ) {
    super(`There is no such ${what}.`, {
      status: 404,
      code: `${what.toUpperCase().replace(' ', '_')}_NOT_FOUND`,
    });
  }
}
