import type { FastifySchemaCompiler } from 'fastify';
import { type TSchema, Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { Value } from 'typebox/value';
import { type FieldProblem, ValidationFailed } from './problem.ts';

const partNames: Readonly<Record<string, string>> = { querystring: 'query', params: 'path' };
const MAX_PROBLEMS = 20;
/** Characters of an unknown field's name, which the client has chosen. */
const MAX_NAME_LENGTH = 100;

/**
 * Validates with TypeBox in place of Ajv: fills in defaults, converts the strings of a query or path, and reports every invalid field.
 * Refuses unknown query parameters, because a misspelled filter would be ignored, unless the schema sets `additionalProperties`.
 */
export const validatorCompiler: FastifySchemaCompiler<TSchema> = ({ schema: given, httpPart }) => {
  const schema = httpPart === 'querystring' ? refusingUnknown(given) : given;
  const validator = Compile(schema);
  const part = partNames[httpPart ?? ''] ?? httpPart ?? 'body';
  return (value: unknown) => {
    const filled = Value.Default(schema, value);
    const converted = httpPart === 'body' ? filled : Value.Convert(schema, filled);
    if (validator.Check(converted)) return { value: converted };
    return { error: new ValidationFailed(problemsOf(validator.Errors(converted), part)) };
  };
};

/** The `querystring` schema of a route that declares none. */
export const noQuery: TSchema = Type.Object({});

const refusingUnknown = (schema: TSchema): TSchema =>
  Type.IsObject(schema) && !('additionalProperties' in schema)
    ? Type.Object(schema.properties, { additionalProperties: false })
    : schema;

interface SchemaFault {
  instancePath: string;
  keyword: string;
  schemaPath: string;
  message: string;
  params?: unknown;
}

function problemsOf(faults: Iterable<SchemaFault>, part: string): FieldProblem[] {
  const problems: FieldProblem[] = [];
  for (const fault of faults) {
    const field = [part, ...fault.instancePath.split('/').slice(1)].join('.');
    const { requiredProperties: missing = [], additionalProperties: unknown = [] } = (fault.params ??
      {}) as Partial<Record<'requiredProperties' | 'additionalProperties', string[]>>;
    if (fault.keyword === 'required') {
      for (const name of missing) problems.push({ field: `${field}.${name}`, message: 'is required' });
    } else if (fault.keyword === 'additionalProperties') {
      for (const name of unknown)
        problems.push({ field: `${field}.${name.slice(0, MAX_NAME_LENGTH)}`, message: 'is not known' });
    } else if (!fault.schemaPath.endsWith('/additionalProperties')) {
      problems.push({ field, message: fault.message });
    }
    if (problems.length >= MAX_PROBLEMS) break;
  }
  return problems.slice(0, MAX_PROBLEMS);
}
