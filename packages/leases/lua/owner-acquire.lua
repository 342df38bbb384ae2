-- Acquires the lease if there is no owner. Returns the fencing token, or 0. KEYS: owner, fence. ARGV: instance, url, lease in ms.
if redis.call('EXISTS', KEYS[1]) == 1 then
  return 0
end
-- Tokens start at the clock, so that they are newer than those in the database after Redis has lost its data.
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local token = math.max(now, tonumber(redis.call('GET', KEYS[2]) or '0') + 1)
redis.call('SET', KEYS[2], string.format('%.0f', token))
redis.call('HSET', KEYS[1], 'instance', ARGV[1], 'url', ARGV[2], 'token', string.format('%.0f', token))
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return token
