-- Prolongs a lease. One that is over but not swept yet has not been given to anybody, so it is prolonged too.
-- KEYS: slots. ARGV: id, lease in ms.
if not redis.call('ZSCORE', KEYS[1], ARGV[1]) then
  return 0
end
redis.call('ZADD', KEYS[1], clock() + tonumber(ARGV[2]), ARGV[1])
return 1
