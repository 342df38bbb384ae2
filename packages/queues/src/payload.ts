import { AppError } from '@prosaas/runtime';
import { Compile } from 'typebox/compile';
import { queueNames, queueTable, type QueueName, type QueuePayloads } from './queue-table.ts';

/** A payload that does not fit its queue: no retry changes that. */
export class PayloadInvalid extends AppError {
  override code = 'PAYLOAD_INVALID';
  override status = 422;
}

const validators = new Map(queueNames.map((name) => [name, Compile(queueTable[name].payload)]));

/**
 * Gives the payload back where it fits. Checked when a job is taken, by which time the code may be another than wrote it.
 *
 * @throws PayloadInvalid with every fault
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
