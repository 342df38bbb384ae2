-- Records a notification for all replicas.
-- KEYS 1 notifications   ARGV 1 topic
-- Each notification of a topic gets a time of its own, so that two within one millisecond are two.
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local before = tonumber(redis.call('HGET', KEYS[1], ARGV[1]) or '0')
local at = string.format('%.0f', math.max(now, before + 1))
redis.call('HSET', KEYS[1], ARGV[1], at)
return at
