import type { FastifyRequest } from 'fastify';
import { type TOptional, type TString, Type } from 'typebox';
import { BusinessNotAllowed } from './auth-errors.ts';

export const BusinessFilter: TOptional<TString> = Type.Optional(
  Type.String({ maxLength: 63, description: 'With the admin key: only this business' }),
);

/**
 * The business that a request is confined to. For an API key or a person it is their own. An admin or another service may name one;
 * undefined then means all of them. @throws BusinessNotAllowed
 */
export function businessOf({ principal }: FastifyRequest, named?: string): string | undefined {
  if (principal?.role === 'admin' || principal?.role === 'internal') return named;
  if (principal?.businessId === undefined)
    throw new Error('the guard of this route let in a principal without a business');
  if (named !== undefined && named !== principal.businessId) throw new BusinessNotAllowed();
  return principal.businessId;
}
