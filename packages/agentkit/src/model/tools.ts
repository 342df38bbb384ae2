import { Type, type TSchema } from 'typebox';
import { Value } from 'typebox/value';
import type { Answer } from '../answer.ts';
import { textFailure } from './failure.ts';

/** A tool call of a model. Whether it is done is decided elsewhere. */
export type ToolCall =
  | { name: 'hand_over_to_person'; reason: NonNullable<Answer['handOff']> }
  | { name: 'opt_out' };

const reasons = { asked: 'asked', complaint: 'complaint', cannot_answer: 'not_understood' } as const;
const closed = { additionalProperties: false };

const tools: Record<ToolCall['name'], { description: string; parameters: TSchema }> = {
  hand_over_to_person: {
    description: 'A person of the team answers instead of you.',
    parameters: Type.Object(
      {
        reason: Type.Enum(Object.keys(reasons), { description: 'cannot_answer: the facts do not answer it' }),
      },
      closed,
    ),
  },
  opt_out: {
    description: 'The customer has just asked to get no more messages at all from this business.',
    parameters: Type.Object({}, closed),
  },
};

/** The `tools` of a request. */
export const toolDefinitions: object[] = Object.entries(tools).map(([name, tool]) => ({
  type: 'function',
  function: { name, ...tool },
}));

/** @throws ModelFailure `bad_reply` for an unknown tool or wrong arguments. */
export function readToolCall(name: string, given: unknown): ToolCall {
  const tool = Object.hasOwn(tools, name) ? tools[name as ToolCall['name']] : undefined;
  if (tool === undefined) throw textFailure('bad_reply', 'the model called a tool that does not exist');
  const args = typeof given === 'string' ? parseArguments(given) : (given ?? {});
  if (!Value.Check(tool.parameters, args))
    throw textFailure('bad_reply', `the model called ${name} with arguments that it does not take`);
  if (name === 'opt_out') return { name };
  const { reason } = args as { reason: keyof typeof reasons };
  return { name: 'hand_over_to_person', reason: reasons[reason] };
}

function parseArguments(text: string): unknown {
  // Some servers send an empty string for no arguments.
  if (text.trim() === '') return {};
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
