import { AppError } from '@prosaas/runtime';

/** Also thrown for records of other businesses: both cases must look the same to a client. */
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
