import { AppError } from '@prosaas/runtime';
import type { Role } from './keys.ts';

const KEY_NAMES: Readonly<Record<Role, string>> = {
  metrics: 'the metrics token',
  business: 'an API key',
  staff: "a staff member's key",
  owner: "an owner's key",
  admin: 'the admin key',
  internal: 'the internal secret',
};

export class Unauthenticated extends AppError {
  override code = 'UNAUTHENTICATED';
  override status = 401;

  constructor() {
    super(
      'The request has no valid key. Send an API key, a personal key or the admin key in X-Api-Key, the metrics token in Authorization: Bearer.',
    );
  }
}

export class MetricsTokenRequired extends AppError {
  override code = 'UNAUTHENTICATED';
  override status = 401;

  constructor() {
    super('The request has no valid metrics token. Send it in Authorization: Bearer, or as ?token=.');
  }
}

export class Forbidden extends AppError {
  override code = 'FORBIDDEN';
  override status = 403;

  /** @param roles those that the route lets in */
  constructor(roles: readonly Role[]) {
    super(
      `The key is valid, but this request needs another one: ${roles.map((role) => KEY_NAMES[role]).join(' or ')}.`,
    );
  }
}

export class BusinessNotAllowed extends AppError {
  override code = 'BUSINESS_NOT_ALLOWED';
  override status = 403;

  constructor() {
    super("The key belongs to another business. Name the key's own business, or none.");
  }
}

export class CrossSiteRequest extends AppError {
  override code = 'CROSS_SITE_REQUEST';
  override status = 403;

  constructor() {
    super(
      'A sign-in cookie counts for requests of the console only, and its changes need the header X-Requested-With. Send a key instead.',
    );
  }
}

/** Until the keys are loaded, no key or sign-in can be checked. */
export class KeysNotLoaded extends AppError {
  override code = 'KEYS_NOT_LOADED';
  override status = 503;
  override retryable = true;

  constructor() {
    super('The keys are not loaded, because the database cannot be reached. Try again.');
  }
}
