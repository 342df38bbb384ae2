-- One beat by Redis' clock. The key stands alone: its name is fixed and has no hash tag.
-- KEYS 1 heartbeat   ARGV 1 seconds until it expires
local seconds = redis.call('TIME')[1]
redis.call('SET', KEYS[1], seconds, 'EX', ARGV[1])
return seconds
