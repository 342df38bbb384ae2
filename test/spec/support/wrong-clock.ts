// Preloaded into a service: shifts its clock by the milliseconds in the file that is named after the service, and follows changes.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const folder = process.env['WRONG_CLOCKS'];
const [, service] = /(?:apps|bundles)\/(\w+)[/-]/.exec(process.argv[1] ?? '') ?? [];
if (folder !== undefined && service !== undefined) {
  const file = join(folder, service);
  const Right = Date;
  let offMs = 0;
  const readOffset = (): void => {
    offMs = Number(readFileSync(file, 'utf8'));
  };
  readOffset();
  setInterval(readOffset, 50).unref();
  globalThis.Date = new Proxy(Right, {
    construct: (target, args, newTarget) =>
      Reflect.construct(target, args.length === 0 ? [Right.now() + offMs] : args, newTarget) as object,
    get: (target, name, receiver) =>
      name === 'now' ? () => Right.now() + offMs : Reflect.get(target, name, receiver),
  });
}
