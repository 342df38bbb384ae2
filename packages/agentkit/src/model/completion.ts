import { type TSchema, Type } from 'typebox';
import { Value } from 'typebox/value';
import { ModelFailure, textFailure } from './failure.ts';
import { withoutReasoning } from './reasoning.ts';
import { type ToolCall, readToolCall } from './tools.ts';

/** Tokens of one call, as the server counts them; 0 where it does not. */
export interface TokenUsage {
  prompt: number;
  completion: number;
}

/** The text of a model without its reasoning, and its tool calls. */
export interface ModelReply {
  text: string;
  tools: ToolCall[];
}

const nullable = (schema: TSchema): TSchema => Type.Optional(Type.Union([schema, Type.Null()]));

/** The fields that are read. Servers add others, such as `reasoning_content`, which are ignored. */
const completionSchema = Type.Object({
  choices: Type.Array(
    Type.Object({
      finish_reason: nullable(Type.String()),
      message: Type.Object({
        content: nullable(
          Type.Union([
            Type.String(),
            Type.Array(Type.Object({ type: Type.String(), text: nullable(Type.String()) })),
          ]),
        ),
        refusal: nullable(Type.String()),
        tool_calls: nullable(Type.Array(Type.Object({ function: Type.Object({ name: Type.String() }) }))),
      }),
    }),
    { minItems: 1 },
  ),
});

interface Completion {
  choices: [
    {
      finish_reason?: string | null;
      message: {
        content?: string | { type: string; text?: string | null }[] | null;
        refusal?: string | null;
        tool_calls?: { function: { name: string; arguments?: unknown } }[] | null;
      };
    },
  ];
}

/** @throws ModelFailure `bad_reply` if the value is not a completion. */
export function checkCompletion(value: unknown): Completion {
  if (!Value.Check(completionSchema, value))
    throw new ModelFailure('bad_reply', "the model's server did not answer with a completion");
  return value as Completion;
}

export function usageOf(value: unknown): TokenUsage {
  const { usage } = (value ?? {}) as { usage?: Record<string, unknown> | null };
  const count = (name: string): number => {
    const tokens = usage?.[name];
    return typeof tokens === 'number' && Number.isSafeInteger(tokens) && tokens > 0 ? tokens : 0;
  };
  return { prompt: count('prompt_tokens'), completion: count('completion_tokens') };
}

/** @throws ModelFailure if nothing of the completion can be used. */
export function readReply({ choices: [{ message, finish_reason: finish }] }: Completion): ModelReply {
  if (typeof message.refusal === 'string' && message.refusal !== '')
    throw textFailure('refusal', 'the model refused to answer');
  if (finish === 'content_filter') throw textFailure('refusal', "the provider's filter stopped the answer");
  const calls = message.tool_calls ?? [];
  const tools = calls.map((call) => readToolCall(call.function.name, call.function.arguments));
  const text = withoutReasoning(contentText(message.content));
  if (text === undefined && tools.length === 0)
    throw textFailure('bad_reply', "the model's text holds tokens of its template or a tool call in words");
  if (tools.length > 0) return { text: text ?? '', tools };
  if (text === undefined || text === '') throw textFailure('empty', 'the model answered nothing');
  if (finish === 'length') throw textFailure('too_long', "the model's answer was cut off");
  return { text, tools };
}

function contentText(content: Completion['choices'][0]['message']['content']): string {
  if (typeof content === 'string') return content;
  return (content ?? [])
    .filter(({ type }) => type === 'text' || type === 'output_text')
    .map(({ text }) => text ?? '')
    .join('');
}
