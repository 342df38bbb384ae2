import { parse } from 'node:querystring';
import { AppError } from '@prosaas/runtime';
import type { App } from '@prosaas/http';

/** Bytes of a webhook's body: the provider sends some 30 short parameters. */
export const WEBHOOK_BYTES: number = 64 * 1024;
/** Parameters of one webhook. */
const WEBHOOK_FIELDS = 200;

class TooManyFields extends AppError {
  override code = 'TOO_MANY_FIELDS';
  override status = 400;

  constructor() {
    super(`The form has more than ${WEBHOOK_FIELDS} fields`);
  }
}

/** Accepts only forms, which the provider posts. JSON is not accepted, because its depth would be unbounded. */
export function acceptForms(app: App): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string', bodyLimit: WEBHOOK_BYTES },
    (_request, text, done) => {
      const form = parse(String(text), '&', '=', { maxKeys: WEBHOOK_FIELDS + 1 });
      if (Object.values(form).flat().length > WEBHOOK_FIELDS) done(new TooManyFields());
      else done(null, form);
    },
  );
}
