import { AppError } from '@prosaas/runtime';
import { Compile, type Validator } from 'typebox/compile';
import { queueNames, queueTable, type QueueName, type QueuePayloads } from './queue-table.ts';

/** A payload that does not fit its queue: no retry changes that. */
export class PayloadInvalid extends AppError {
  override code = 'PAYLOAD_INVALID';
  override status = 422;
}

const validators = new Map<QueueName, Validator>(
  queueNames.map((name): [QueueName, Validator] => [name, Compile(queueTable[name].payload)]),
);

/** Checked when a job is put in and again when it is taken out, by which time the code may be another. */
export function checkPayload<Q extends QueueName>(queue: Q, payload: unknown): QueuePayloads[Q] {
  const validator = validators.get(queue);
  if (validator?.Check(payload)) return payload as QueuePayloads[Q];
  const faults = (validator?.Errors(payload) ?? []).map(
    (fault) => `${fault.instancePath || 'the payload'} ${fault.message}`,
  );
  throw new PayloadInvalid(`payload of ${queue}: ${[...new Set(faults)].join('; ') || 'unknown queue'}`);
}
