-- Writes one heartbeat, dated by Redis' clock.
-- KEYS 1 heartbeat: the only key, because its name is fixed and has no hash tag   ARGV 1 seconds until it expires
local seconds = redis.call('TIME')[1]
redis.call('SET', KEYS[1], seconds, 'EX', ARGV[1])
return seconds
