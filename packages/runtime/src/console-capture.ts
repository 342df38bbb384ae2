import type { Logger } from './logger.ts';

const methods = [
  'debug',
  'log',
  'info',
  'warn',
  'error',
  'trace',
  'dir',
  'table',
  'group',
  'groupCollapsed',
] as const;
const maxLength = 300;

/**
 * Turns what libraries print into debug lines. Only texts and numbers are kept, objects are named by their class alone:
 * libsignal prints whole sessions, private keys and all (`console.info('Closing session:', session)`).
 */
export function captureConsole(log: Logger): Disposable {
  const original = methods.map((method) => [method, console[method]] as const);
  for (const method of methods) {
    console[method] = (...values: unknown[]): void => {
      log.debug({ console: method }, describe(values));
    };
  }
  return {
    [Symbol.dispose]() {
      for (const [method, print] of original) console[method] = print as typeof console.log;
    },
  };
}

function describe(values: unknown[]): string {
  return values.slice(0, 10).map(describeOne).join(' ').replace(/\s+/g, ' ').slice(0, maxLength);
}

function describeOne(value: unknown): string {
  if (typeof value === 'string') return value;
  if (value instanceof Error) return `<${value.name}: ${value.message}>`;
  if (ArrayBuffer.isView(value)) return `<${value.byteLength} bytes>`;
  if (typeof value === 'object' && value !== null) return `<${className(value)}>`;
  return typeof value === 'function' ? '<function>' : String(value);
}

function className(value: object): string {
  const { constructor: maker } = value as { constructor?: unknown };
  return typeof maker === 'function' ? maker.name : 'object';
}
