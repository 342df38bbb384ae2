import {
  OptionalText,
  OptionalUrl,
  Secret,
  Text,
  Integer,
  type Field,
  type OptionalField,
} from '@prosaas/runtime';
import { type TObject, Type } from 'typebox';
import { type ModelSettings, PROMPT_TOKENS } from './model/client.ts';

export type AgentFields = {
  PROFILE_PATH: OptionalField<string>;
  OPENAI_BASE_URL: OptionalField<string>;
  OPENAI_API_KEY: OptionalField<string>;
  OPENAI_MODEL: Field<string>;
  OPENAI_PROMPT_TOKENS: Field<number>;
};

/** Settings of every service with an agent. Compose it: `Type.Object({ ...AgentConfig.properties, … })`. */
export const AgentConfig: TObject<AgentFields> = Type.Object({
  PROFILE_PATH: OptionalText("The business' profile (YAML); unset: the shipped example"),
  OPENAI_BASE_URL: OptionalUrl(
    'An OpenAI-compatible server that answers customers; unset: answers come from the profile',
  ),
  OPENAI_API_KEY: Secret("That server's key; without OPENAI_BASE_URL it is for OpenAI's own server"),
  OPENAI_MODEL: Text('gpt-4o-mini', "The model's name"),
  OPENAI_PROMPT_TOKENS: Integer(
    PROMPT_TOKENS,
    "Limit of a prompt in estimated tokens; set it below the model's context",
    { minimum: 2000, maximum: 1_000_000 },
  ),
});

/** The configured model, if there is one. Self-hosted servers may need no key. */
export function modelSettings(config: {
  OPENAI_BASE_URL?: string;
  OPENAI_API_KEY?: string;
  OPENAI_MODEL: string;
  OPENAI_PROMPT_TOKENS: number;
}): ModelSettings | undefined {
  const {
    OPENAI_BASE_URL: baseUrl,
    OPENAI_API_KEY: apiKey,
    OPENAI_MODEL: name,
    OPENAI_PROMPT_TOKENS: promptTokens,
  } = config;
  if (baseUrl === undefined && apiKey === undefined) return undefined;
  return { baseUrl, apiKey: apiKey ?? 'none', name, promptTokens };
}
