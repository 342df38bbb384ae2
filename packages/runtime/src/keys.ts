/** The keys that a stack's services accept. */
export interface Keys {
  apiKeys: readonly { businessId: string; key: string }[];
  adminKey: string;
  /** One, or two during a rotation. */
  metricsTokens: readonly string[];
  internalSecret: string;
}

/** A person with a key of their own. */
export interface KeyHolder {
  id: string;
  name: string;
  role: 'owner' | 'staff' | 'admin';
  businessId: string;
}

/** People by the SHA-256 of their keys, in base64url. */
export type KeyHolders = ReadonlyMap<string, KeyHolder>;

export interface KeyRing {
  /** Undefined until the keys were first read from the database. */
  current(): Keys | undefined;
  /** Undefined while unknown: not read yet, or last read too long ago. */
  people(): KeyHolders | undefined;
  /** Reads the people's keys now, so that a change counts before the next periodic read. */
  refreshPeople(): Promise<void>;
}
