-- Takes a slot. ARGV: id, limit, lease in ms.
local id, limit, lease = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
sweep()
if redis.call('ZSCORE', slots, id) then
  return 'held'
end
redis.call('ZREMRANGEBYSCORE', rejected, '-inf', now - memory)
if redis.call('ZSCORE', rejected, id) then
  return 'full'
end
if endOf(id) then
  return 'over'
end
if redis.call('ZCARD', slots) >= limit then
  redis.call('ZADD', rejected, now, id)
  redis.call('PEXPIRE', rejected, memory)
  redis.call('HINCRBY', totals, 'rejected', 1)
  return 'full'
end
redis.call('ZADD', slots, now + lease, id)
redis.call('HINCRBY', totals, 'started', 1)
return 'acquired'
