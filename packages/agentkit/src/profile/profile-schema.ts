import { type TSchema, Type } from 'typebox';
import { Value } from 'typebox/value';

const text = Type.String({ minLength: 1, maxLength: 2000 });
const words = Type.Array(Type.String({ minLength: 1, maxLength: 100 }), { maxItems: 200 });
const closed = { additionalProperties: false };
const stretch = Type.String({
  pattern: '^([01][0-9]|2[0-3]):[0-5][0-9]-(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$',
});
const stretches = Type.Array(stretch, { maxItems: 10 });

const schema: TSchema = Type.Object(
  {
    name: text,
    timeZone: text,
    language: text,
    greeting: text,
    greetings: Type.Optional(words),
    hours: Type.Object(
      {
        week: Type.Object(
          {
            monday: Type.Optional(stretches),
            tuesday: Type.Optional(stretches),
            wednesday: Type.Optional(stretches),
            thursday: Type.Optional(stretches),
            friday: Type.Optional(stretches),
            saturday: Type.Optional(stretches),
            sunday: Type.Optional(stretches),
          },
          closed,
        ),
        closedOn: Type.Array(Type.String({ pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2}$' })),
        questions: words,
        open: text,
        closed: text,
        never: text,
      },
      closed,
    ),
    faq: Type.Array(Type.Object({ question: text, answer: text, also: Type.Optional(words) }, closed), {
      minItems: 1,
      maxItems: 2000,
    }),
    handOff: Type.Object(
      { words, complaints: Type.Optional(words), reply: text, closed: Type.Optional(text) },
      closed,
    ),
    emergency: Type.Optional(Type.Object({ words, reply: text }, closed)),
    optOut: Type.Object({ words, reply: text }, closed),
    optIn: Type.Optional(Type.Object({ words, reply: text }, closed)),
    smallTalk: Type.Optional(
      Type.Object({ thanks: Type.Optional(text), goodbye: Type.Optional(text) }, closed),
    ),
    notText: Type.Optional(Type.Object({ reply: text }, closed)),
    late: Type.Optional(
      Type.Object(
        { hours: Type.Optional(Type.Integer({ minimum: 1, maximum: 720 })), reply: Type.Optional(text) },
        closed,
      ),
    ),
    person: Type.Optional(
      Type.Object(
        {
          minutes: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_080 })),
          remindMinutes: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_080 })),
          quiet: Type.Optional(Type.Union([stretch, Type.Null()])),
        },
        closed,
      ),
    ),
    unknown: Type.Array(text, { minItems: 1 }),
    repeats: Type.Array(Type.String({ pattern: '\\{answer\\}', maxLength: 200 }), { minItems: 1 }),
    phone: Type.Object({ greeting: text, idle: text, thanks: text, goodbye: text }, closed),
  },
  closed,
);

/** Every fault of a parsed profile, each with the place where it stands. */
export function profileProblems(value: unknown): string[] {
  const problems = Value.Errors(schema, value).map((error) => {
    const place = error.instancePath.slice(1).replaceAll('/', '.') || 'the profile';
    if (error.keyword === 'additionalProperties') {
      return `${place}: unknown ${error.params.additionalProperties.join(', ')}`;
    }
    if (error.keyword === 'required') return `${place}: lacks ${error.params.requiredProperties.join(', ')}`;
    return `${place}: ${error.message}`;
  });
  return problems.length > 0 ? problems : meaningProblems(value as ShapedProfile);
}

interface ShapedProfile {
  timeZone: string;
  language: string;
  faq: { question: string }[];
}

function meaningProblems(profile: ShapedProfile): string[] {
  const problems: string[] = [];
  if (!accepted(() => new Intl.DateTimeFormat('en', { timeZone: profile.timeZone }))) {
    problems.push(`timeZone: "${profile.timeZone}" is not an IANA time zone such as Europe/Berlin`);
  }
  if (!accepted(() => new Intl.DateTimeFormat(profile.language))) {
    problems.push(`language: "${profile.language}" is not a language tag such as en or he`);
  }
  const seen = new Set<string>();
  for (const [at, { question }] of profile.faq.entries()) {
    if (seen.has(question)) problems.push(`faq.${at}.question: stands twice: "${question}"`);
    seen.add(question);
  }
  return problems;
}

function accepted(build: () => unknown): boolean {
  try {
    build();
    return true;
  } catch {
    return false;
  }
}
