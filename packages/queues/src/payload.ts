import { AppError } from '@prosaas/runtime';
import { Compile } from 'typebox/compile';
import {
  queueNames,
  queueTable,
  type QueueDefinition,
  type QueueName,
  type QueuePayloads,
} from './queue-table.ts';

/** A payload that does not fit its queue: no retry changes that. */
export class PayloadInvalid extends AppError {
  override code = 'PAYLOAD_INVALID';
  override status = 422;
}

/** Gives a payload back in the form of today, or throws `PayloadInvalid`. */
export function createPayloadCheck(
  queue: string,
  { payload: schema, upgrade }: Pick<QueueDefinition, 'payload' | 'upgrade'>,
): (payload: unknown) => unknown {
  const validator = Compile(schema);
  const refuse = (why: string, cause?: unknown): never => {
    throw new PayloadInvalid(`payload of ${queue}: ${why}`, { cause });
  };
  const brought = (old: unknown): unknown => {
    try {
      return upgrade ? upgrade(old) : old;
    } catch (error) {
      return refuse(`an old one that cannot be upgraded: ${String(error)}`, error);
    }
  };
  return (payload) => {
    if (validator.Check(payload)) return payload;
    const upgraded = brought(payload);
    if (upgraded !== payload && validator.Check(upgraded)) return upgraded;
    const faults = validator
      .Errors(upgraded)
      .map(({ instancePath, message }) => `${instancePath || 'the payload'} ${message}`);
    return refuse([...new Set(faults)].join('; '));
  };
}

const checks = new Map(queueNames.map((name) => [name, createPayloadCheck(name, queueTable[name])]));

/** Checked when a job is put in and again when it is taken out, by which time the code may be another. */
export function checkPayload<Q extends QueueName>(queue: Q, payload: unknown): QueuePayloads[Q] {
  const check = checks.get(queue);
  if (!check) throw new PayloadInvalid(`payload of ${queue}: unknown queue`);
  return check(payload) as QueuePayloads[Q];
}
