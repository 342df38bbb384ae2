-- One consistent picture: started = completed + errors + active. KEYS: slots, totals, rejected, expired.
sweep(KEYS[1], KEYS[2], KEYS[4], clock())
local counts = redis.call('HMGET', KEYS[2], 'started', 'completed', 'errors', 'rejected')
local answer = { redis.call('ZCARD', KEYS[1]) }
for i = 1, 4 do
  answer[i + 1] = tonumber(counts[i] or '0')
end
return answer
