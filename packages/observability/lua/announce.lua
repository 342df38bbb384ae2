-- A replica says that it lives and how it is; it hears which topics were asked for.
-- KEYS 1 leases  2 reports  3 asked   ARGV 1 instance  2 report  3 lease in ms  4 how long the lost stay visible, ms
-- Answers { now, topic, when it was asked last, ... }.
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local ends = string.format('%.0f', now + tonumber(ARGV[3]))
redis.call('ZADD', KEYS[1], ends, ARGV[1])
redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])

local long_gone = string.format('%.0f', now - tonumber(ARGV[4]))
for _, instance in ipairs(redis.call('ZRANGE', KEYS[1], '-inf', long_gone, 'BYSCORE', 'LIMIT', 0, 100)) do
  redis.call('ZREM', KEYS[1], instance)
  redis.call('HDEL', KEYS[2], instance)
end

local answer = { string.format('%.0f', now) }
for _, item in ipairs(redis.call('HGETALL', KEYS[3])) do
  answer[#answer + 1] = item
end
return answer
