export interface RedisSettings {
  version: string | undefined;
  evictionPolicy: string | undefined;
  appendOnly: boolean | undefined;
}

/** From the text of `INFO`. */
export function readRedisSettings(info: string): RedisSettings {
  const fields = new Map<string, string>();
  for (const line of info.split(/\r?\n/)) {
    const colon = line.indexOf(':');
    if (colon > 0) fields.set(line.slice(0, colon), line.slice(colon + 1));
  }
  const aof = fields.get('aof_enabled');
  return {
    version: fields.get('valkey_version') ?? fields.get('redis_version'),
    evictionPolicy: fields.get('maxmemory_policy'),
    appendOnly: aof === undefined ? undefined : aof === '1',
  };
}

/** Why jobs or counts could be lost with these settings: reason codes. */
export function judgeRedisSettings(settings: RedisSettings): string[] {
  const reasons: string[] = [];
  if (settings.evictionPolicy !== undefined && settings.evictionPolicy !== 'noeviction') {
    reasons.push('evicts_keys');
  }
  if (settings.appendOnly === false) reasons.push('no_append_only_file');
  return reasons;
}
