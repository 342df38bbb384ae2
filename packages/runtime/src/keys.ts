/** The keys that open a stack's doors. */
export interface Keys {
  apiKeys: readonly { businessId: string; key: string }[];
  adminKey: string;
  /** One, or two during a rotation. */
  metricsTokens: readonly string[];
  internalSecret: string;
}

export interface KeyRing {
  /** Undefined until the database was reached. */
  current(): Keys | undefined;
}
