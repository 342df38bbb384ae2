-- Returns consistent totals: started = completed + errors + active.
sweep()
local counts = redis.call('HMGET', totals, 'started', 'completed', 'errors', 'rejected')
local answer = { redis.call('ZCARD', slots) }
for i = 1, 4 do
  answer[i + 1] = tonumber(counts[i] or '0')
end
return answer
