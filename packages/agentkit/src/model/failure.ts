/**
 * How a call of the model failed. `refused`: no connection, or it broke. `bad_reply`: not a completion, or an unknown tool call.
 * `empty` to `repeated`: the server answered, but its text must not be sent.
 */
export type ModelFailureKind =
  | 'refused'
  | 'timeout'
  | 'unauthorized'
  | 'not_found'
  | 'bad_request'
  | 'rate_limited'
  | 'quota'
  | 'server_error'
  | 'bad_reply'
  | 'empty'
  | 'refusal'
  | 'not_grounded'
  | 'wrong_language'
  | 'too_long'
  | 'repeated';

interface ModelFailureOptions extends ErrorOptions {
  /** The failure is one of the text, which a customer may have caused. It says nothing about the server. */
  isAboutText?: boolean;
  /** The server rejected the tools of the request. */
  isAboutTools?: boolean;
  /** The server's Retry-After. */
  retryAfterMs?: number | undefined;
}

/** Its message never contains what a customer or the model wrote. */
export class ModelFailure extends Error {
  readonly code: ModelFailureKind;
  readonly isAboutText: boolean;
  readonly isAboutTools: boolean;
  readonly retryAfterMs: number | undefined;

  constructor(
    code: ModelFailureKind,
    message: string,
    { isAboutText = false, isAboutTools = false, retryAfterMs, ...rest }: ModelFailureOptions = {},
  ) {
    super(message, rest);
    this.name = 'ModelFailure';
    this.code = code;
    this.isAboutText = isAboutText;
    this.isAboutTools = isAboutTools;
    this.retryAfterMs = retryAfterMs;
  }
}

/** A failure of what the model wrote. */
export const textFailure = (code: ModelFailureKind, message: string): ModelFailure =>
  new ModelFailure(code, message, { isAboutText: true });
