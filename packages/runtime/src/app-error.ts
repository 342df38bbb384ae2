export interface AppErrorOptions extends ErrorOptions {
  status?: number;
  code?: string;
  retryable?: boolean;
}

/**
 * An error whose text was written for the one who caused it: the HTTP layer shows `detail`, a job reads `retryable`.
 * Subclasses fix the fields: `class CallNotFound extends AppError { override code = 'CALL_NOT_FOUND'; override status = 404 }`.
 */
export class AppError extends Error {
  status: number;
  code: string;
  /** Whether the same call can succeed later. */
  retryable: boolean;

  constructor(
    message: string,
    { status = 500, code = 'INTERNAL_ERROR', retryable = false, ...rest }: AppErrorOptions = {},
  ) {
    super(message, rest);
    this.name = new.target.name;
    this.status = status;
    this.code = code;
    this.retryable = retryable;
  }

  get detail(): string {
    return this.message;
  }
}
