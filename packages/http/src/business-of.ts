import { AppError } from '@prosaas/runtime';
import type { FastifyRequest } from 'fastify';
import { type TOptional, type TString, Type } from 'typebox';

export class BusinessNotAllowed extends AppError {
  constructor() {
    super('This key opens its own business only.', { status: 403, code: 'BUSINESS_NOT_ALLOWED' });
  }
}

export const BusinessFilter: TOptional<TString> = Type.Optional(
  Type.String({ maxLength: 63, description: 'With the admin key: only this business' }),
);

/**
 * The business that a request is about: its own with an API key or a person's; with an admin's or between services the one it names, or all
 * (undefined). @throws BusinessNotAllowed
 */
export function businessOf({ principal }: FastifyRequest, named?: string): string | undefined {
  if (principal?.role === 'admin' || principal?.role === 'internal') return named;
  if (principal?.businessId === undefined)
    throw new Error('a route of a business lets in nobody without one');
  if (named !== undefined && named !== principal.businessId) throw new BusinessNotAllowed();
  return principal.businessId;
}
