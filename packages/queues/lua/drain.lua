--[[
  Lets jobs that wait or are delayed fail as they are, and counts them as BullMQ's own finishing script would: from the failed
  set they go the way of every job that failed.
    KEYS[1] wait, KEYS[2] prioritized, KEYS[3] delayed, KEYS[4] failed, KEYS[5] metrics of failed jobs, KEYS[6]: what stands before a job's id
    ARGV[1] reason, ARGV[2] Unix ms, ARGV[3] how many at most
  Returns how many.
]]
local most = tonumber(ARGV[3])
local drained = 0

local function fail(id)
  redis.call('HSET', KEYS[6] .. id, 'failedReason', ARGV[1], 'finishedOn', ARGV[2])
  redis.call('ZADD', KEYS[4], ARGV[2], id)
  drained = drained + 1
end

for _, id in ipairs(redis.call('LRANGE', KEYS[1], -most, -1)) do
  fail(id)
end
redis.call('LTRIM', KEYS[1], 0, -drained - 1)
for _, set in ipairs({ KEYS[2], KEYS[3] }) do
  if drained < most then
    for _, id in ipairs(redis.call('ZRANGE', set, 0, most - drained - 1)) do
      redis.call('ZREM', set, id)
      fail(id)
    end
  end
end
if drained > 0 then
  redis.call('HINCRBY', KEYS[5], 'count', drained)
end
return drained
