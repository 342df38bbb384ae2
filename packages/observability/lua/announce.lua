-- A replica says that it lives and how it is; it hears which topics were asked for, and what its service was told.
-- KEYS 1 leases  2 reports  3 asked  4 told   ARGV 1 instance  2 report  3 lease in ms  4 how long the lost stay visible, ms
-- 5 how many are listed at most, the lost included
-- Answers { now, what was told or '', for how many ms yet, topic, when it was asked last, ... }.
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
  -- One that is started again and again leaves a lost replica each time. Those that live are never forgotten.
  local lost = string.format('(%.0f', now)
  forget(redis.call('ZRANGE', KEYS[1], '-inf', lost, 'BYSCORE', 'LIMIT', 0, math.min(excess, 100)))
end

local told = redis.call('GET', KEYS[4]) or ''
local lasts = told == '' and 0 or redis.call('PTTL', KEYS[4])
local answer = { string.format('%.0f', now), told, string.format('%.0f', lasts) }
for _, item in ipairs(redis.call('HGETALL', KEYS[3])) do
  answer[#answer + 1] = item
end
return answer
