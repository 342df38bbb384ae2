-- Registers a replica or renews its registration. Replies with the notifications so far and the setting of its service.
-- KEYS 1 leases  2 reports  3 notifications  4 setting
-- ARGV 1 instance  2 report  3 lease in ms  4 ms for which lost replicas stay listed  5 most listed, lost ones included
-- Replies { now, setting or '', its remaining ms, topic, time of its last notification, ... }.
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local ends = string.format('%.0f', now + tonumber(ARGV[3]))
redis.call('ZADD', KEYS[1], ends, ARGV[1])
redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])

local function forget(instances)
  for _, instance in ipairs(instances) do
    redis.call('ZREM', KEYS[1], instance)
    redis.call('HDEL', KEYS[2], instance)
  end
end
local long_gone = string.format('%.0f', now - tonumber(ARGV[4]))
forget(redis.call('ZRANGE', KEYS[1], '-inf', long_gone, 'BYSCORE', 'LIMIT', 0, 100))
local excess = redis.call('ZCARD', KEYS[1]) - tonumber(ARGV[5])
if excess > 0 then
  -- A service in a restart loop leaves a lost replica at each start. Live replicas are never forgotten.
  local lost = string.format('(%.0f', now)
  forget(redis.call('ZRANGE', KEYS[1], '-inf', lost, 'BYSCORE', 'LIMIT', 0, math.min(excess, 100)))
end

local setting = redis.call('GET', KEYS[4]) or ''
local ttl = setting == '' and 0 or redis.call('PTTL', KEYS[4])
local reply = { string.format('%.0f', now), setting, string.format('%.0f', ttl) }
for _, item in ipairs(redis.call('HGETALL', KEYS[3])) do
  reply[#reply + 1] = item
end
return reply
