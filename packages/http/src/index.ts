export type { App } from './app-type.ts';
export { type HttpAppOptions, buildHttpApp } from './app.ts';
export { KeysNotLoaded } from './auth-errors.ts';
export { BusinessFilter, businessOf } from './business-of.ts';
export {
  type AuditedUse,
  type GuardKeys,
  type Guard,
  type GuardOptions,
  auditedUse,
  canSeeDetails,
  guard,
  metricsGuard,
  refuseCrossSite,
  signInCookie,
  signInTokenOf,
} from './guard.ts';
export { type ForwardedAnswer, forwardRequest, sendForwardedAnswer } from './forward-request.ts';
export { type HopClaims, anyReplica, bodyHashOf, hopHeader, verifyHop } from './hop-signature.ts';
export type { KeyRing, Keys } from '@prosaas/runtime';
export { type Principal, type Role, digestOf, principalByDigest, principalsOf } from './keys.ts';
export { type Page, page, pageQuery } from './page.ts';
export {
  type FieldProblem,
  type Problem,
  ValidationFailed,
  problem,
  problemMediaType,
  sendProblem,
} from './problem.ts';
