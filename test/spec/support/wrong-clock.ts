// Preloaded into a service: its clock is off by as many milliseconds as the file of its name says, from when that says so.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const folder = process.env['WRONG_CLOCKS'];
const [, service] = /apps\/(\w+)\//.exec(process.argv[1] ?? '') ?? [];
if (folder !== undefined && service !== undefined) {
  const file = join(folder, service);
  const Right = Date;
  let offMs = 0;
  const look = (): void => {
    offMs = Number(readFileSync(file, 'utf8'));
  };
  look();
  setInterval(look, 50).unref();
  globalThis.Date = new Proxy(Right, {
    construct: (target, args, newTarget) =>
      Reflect.construct(target, args.length === 0 ? [Right.now() + offMs] : args, newTarget) as object,
    get: (target, name, receiver) =>
      name === 'now' ? () => Right.now() + offMs : Reflect.get(target, name, receiver),
  });
}
