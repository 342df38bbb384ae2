--[[
  The next free turn of a rate that all processes share: turns lie one interval apart (the virtual scheduling of ITU-T I.371).
    KEYS[1] when the next one is free, Unix microseconds
    ARGV[1] the interval, ARGV[2] the longest wait that is given out, both in microseconds
  Returns the microseconds until the turn that was taken; -1 where none is near enough.
]]
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local interval, longest = tonumber(ARGV[1]), tonumber(ARGV[2])
local wait = math.max(0, tonumber(redis.call('GET', KEYS[1]) or 0) - now)
-- Nobody was given a turn so late: the clock was set back.
if wait > longest + interval then
  wait = 0
end
if wait > longest then
  return -1
end
redis.call('SET', KEYS[1], string.format('%.0f', now + wait + interval), 'PX', math.ceil((wait + interval) / 1000))
return wait
