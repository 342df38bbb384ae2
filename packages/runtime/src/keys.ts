/** The keys that open a stack's doors. */
export interface Keys {
  apiKeys: readonly { businessId: string; key: string }[];
  adminKey: string;
  /** One, or two during a rotation. */
  metricsTokens: readonly string[];
  internalSecret: string;
}

/** A person who has a key of her own. */
export interface KeyHolder {
  id: string;
  name: string;
  role: 'owner' | 'staff' | 'admin';
  businessId: string;
}

/** People by the SHA-256 of their keys, in base64url. */
export type KeyHolders = ReadonlyMap<string, KeyHolder>;

export interface KeyRing {
  /** Undefined until the database was reached. */
  current(): Keys | undefined;
  /** Undefined while they are not known: not read yet, or last read too long ago. */
  people(): KeyHolders | undefined;
  /** Reads the people's keys at once; whoever changed them need not wait for the next time. */
  refreshPeople(): Promise<void>;
}
