/**
 * How a call of the model failed. `refused`: no connection, or it broke; `bad_reply`: not a completion, or a tool call that is not one of
 * ours; `empty` to `too_long`: the server answered, and its text is not sent.
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
  /** The text is to blame, and whoever asked may have caused it: says nothing about the server. */
  isOfText?: boolean;
  /** The server takes no tools. */
  isOfTools?: boolean;
  /** The server asks not to be called for so long. */
  retryAfterMs?: number | undefined;
}

/** Its message holds nothing of what a customer or the model wrote. */
export class ModelFailure extends Error {
  readonly code: ModelFailureKind;
  readonly isOfText: boolean;
  readonly isOfTools: boolean;
  readonly retryAfterMs: number | undefined;

  constructor(
    code: ModelFailureKind,
    message: string,
    { isOfText = false, isOfTools = false, retryAfterMs, ...rest }: ModelFailureOptions = {},
  ) {
    super(message, rest);
    this.name = 'ModelFailure';
    this.code = code;
    this.isOfText = isOfText;
    this.isOfTools = isOfTools;
    this.retryAfterMs = retryAfterMs;
  }
}

/** A failure of what the model wrote. */
export const textFailure = (code: ModelFailureKind, message: string): ModelFailure =>
  new ModelFailure(code, message, { isOfText: true });
