import { explain, prepareLanguages } from '@prosaas/agentkit/offline';
import type { App } from '@prosaas/http';
import { Type } from 'typebox';
import { type AgentProfile, readLearned } from '../learning/agent-profile.ts';
import { describeExplanation } from '../learning/describe-explanation.ts';
import type { ResourceContext } from './resource.ts';

const MAX_TEXT_LENGTH = 4096;
const MAX_HISTORY = 100;

const TryBody = Type.Object(
  {
    text: Type.String({ minLength: 1, maxLength: MAX_TEXT_LENGTH }),
    now: Type.Optional(Type.String({ format: 'date-time', maxLength: 40 })),
    history: Type.Optional(
      Type.Array(
        Type.Object(
          {
            direction: Type.Enum(['inbound', 'outbound']),
            text: Type.String({ maxLength: MAX_TEXT_LENGTH }),
          },
          { additionalProperties: false },
        ),
        { maxItems: MAX_HISTORY },
      ),
    ),
  },
  { additionalProperties: false },
);
const TryResponse = Type.Object({
  answer: Type.Object({
    text: Type.String(),
    source: Type.String(),
    language: Type.Optional(Type.String()),
    handOff: Type.Optional(Type.String()),
    entries: Type.Optional(Type.Array(Type.String())),
    offered: Type.Optional(Type.Array(Type.String())),
  }),
  score: Type.Number(),
  threshold: Type.Number(),
  why: Type.Array(Type.String()),
});

/** Shows what the agent would answer to a text, and why. */
export function agentTryRoutes(
  app: App,
  { business, profile }: Pick<ResourceContext, 'business'> & { profile: AgentProfile },
): void {
  // Uses the profile only, even if a model is configured. Sends and stores nothing.
  app.post(
    '/api/agent/try',
    { onRequest: business, schema: { body: TryBody, response: { 200: TryResponse } } },
    async (request) => {
      const { text, now, history = [] } = request.body;
      await readLearned(profile, request.log);
      await prepareLanguages();
      const explanation = explain(profile.current(), {
        text,
        history,
        now: now === undefined ? new Date() : new Date(now),
      });
      const { answer, score, threshold } = explanation;
      const { source, language, handOff, entries, offered } = answer;
      return {
        answer: {
          text: answer.text,
          source,
          ...(language !== undefined && { language }),
          ...(handOff !== undefined && { handOff }),
          ...(entries !== undefined && { entries }),
          ...(offered !== undefined && { offered }),
        },
        score,
        threshold,
        why: describeExplanation(explanation),
      };
    },
  );
}
