import type { FastifySchemaCompiler } from 'fastify';
import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { Value } from 'typebox/value';
import { type FieldProblem, ValidationFailed } from './problem.ts';

const partNames: Readonly<Record<string, string>> = { querystring: 'query', params: 'path' };
const maxProblems = 20;

/** TypeBox in Ajv's place: fills in defaults, turns the texts of a query or path into numbers, tells every wrong field. */
export const validatorCompiler: FastifySchemaCompiler<TSchema> = ({ schema, httpPart }) => {
  const validator = Compile(schema);
  const part = partNames[httpPart ?? ''] ?? httpPart ?? 'body';
  return (given: unknown) => {
    const filled = Value.Default(schema, given);
    const value = httpPart === 'body' ? filled : Value.Convert(schema, filled);
    if (validator.Check(value)) return { value };
    return { error: new ValidationFailed(problemsOf(validator.Errors(value), part)) };
  };
};

interface SchemaFault {
  instancePath: string;
  keyword: string;
  message: string;
  params?: unknown;
}

function problemsOf(faults: Iterable<SchemaFault>, part: string): FieldProblem[] {
  const problems: FieldProblem[] = [];
  for (const fault of faults) {
    const field = [part, ...fault.instancePath.split('/').slice(1)].join('.');
    const missing = (fault.params as { requiredProperties?: string[] } | undefined)?.requiredProperties;
    if (fault.keyword === 'required' && missing !== undefined) {
      for (const name of missing) problems.push({ field: `${field}.${name}`, message: 'is required' });
    } else {
      problems.push({ field, message: fault.message });
    }
    if (problems.length >= maxProblems) break;
  }
  return problems;
}
