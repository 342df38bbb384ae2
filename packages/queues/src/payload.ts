import { AppError } from '@prosaas/runtime';
import { Compile } from 'typebox/compile';
import { queueNames, queueTable, type QueueName, type QueuePayloads } from './queue-table.ts';

/** A payload does not match the schema of its queue. A retry cannot help. */
export class PayloadInvalid extends AppError {
  override code = 'PAYLOAD_INVALID';
  override status = 422;
}

const validators = new Map(queueNames.map((name) => [name, Compile(queueTable[name].payload)]));

/**
 * Returns the payload if it matches the schema of its queue. Workers check when they run a job, because another version may have written it.
 *
 * @throws PayloadInvalid, naming every fault
 */
export function checkPayload<Q extends QueueName>(queue: Q, payload: unknown): QueuePayloads[Q] {
  const validator = validators.get(queue);
  if (!validator) throw new PayloadInvalid(`payload of ${queue}: unknown queue`);
  if (validator.Check(payload)) return payload as QueuePayloads[Q];
  const faults = validator
    .Errors(payload)
    .map(({ instancePath, message }) => `${instancePath || 'the payload'} ${message}`);
  throw new PayloadInvalid(`payload of ${queue}: ${[...new Set(faults)].join('; ')}`);
}
