-- Takes a slot. KEYS: slots, totals, rejected, expired. ARGV: id, limit, lease in ms.
local id, limit, lease = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local now = clock()
sweep(KEYS[1], KEYS[2], KEYS[4], now)
if redis.call('ZSCORE', KEYS[1], id) then
  return 'held'
end
if redis.call('ZCARD', KEYS[1]) >= limit then
  -- The provider may ask again for the same call: it was rejected once.
  redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', now - 3600000)
  if redis.call('ZADD', KEYS[3], 'NX', now, id) == 1 then
    redis.call('HINCRBY', KEYS[2], 'rejected', 1)
  end
  redis.call('PEXPIRE', KEYS[3], 3600000)
  return 'full'
end
redis.call('ZADD', KEYS[1], now + lease, id)
redis.call('HINCRBY', KEYS[2], 'started', 1)
return 'acquired'
