import type { Logger } from './logger.ts';

const METHODS = [
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
/** Characters of a line. */
const MAX_LENGTH = 300;

/**
 * Turns console output of libraries into debug lines. Keeps texts and numbers; an object is replaced by the name of its class,
 * because libsignal prints whole sessions with their private keys (`console.info('Closing session:', session)`).
 */
export function captureConsole(log: Logger): Disposable {
  const original = METHODS.map((method) => [method, console[method]] as const);
  for (const method of METHODS) {
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
  return values.slice(0, 10).map(describeOne).join(' ').replace(/\s+/g, ' ').slice(0, MAX_LENGTH);
}

function describeOne(value: unknown): string {
  if (typeof value === 'string') return value;
  if (value instanceof Error) return `<${value.name}: ${value.message}>`;
  if (ArrayBuffer.isView(value)) return `<${value.byteLength} bytes>`;
  if (typeof value === 'object' && value !== null) return `<${className(value)}>`;
  return typeof value === 'function' ? '<function>' : String(value);
}

function className(value: object): string {
  const { constructor: type } = value as { constructor?: unknown };
  return typeof type === 'function' ? type.name : 'object';
}
