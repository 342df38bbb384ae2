import { AppError } from '@prosaas/runtime';

/** What does not exist and what belongs to another business look the same from outside. */
export class NotFound extends AppError {
  constructor(
    what: 'business' | 'call' | 'conversation' | 'job' | 'message' | 'phone number' | 'queue' | 'recording',
  ) {
    super(`There is no such ${what}.`, {
      status: 404,
      code: `${what.toUpperCase().replace(' ', '_')}_NOT_FOUND`,
    });
  }
}

export class BusinessNotAllowed extends AppError {
  constructor() {
    super('An API key opens its own business only.', { status: 403, code: 'BUSINESS_NOT_ALLOWED' });
  }
}
