-- Sweeps, and hands over every expired id that was not handed over yet. KEYS: slots, totals, rejected, expired.
sweep(KEYS[1], KEYS[2], KEYS[4], clock())
local ids = redis.call('LRANGE', KEYS[4], 0, -1)
redis.call('DEL', KEYS[4])
return ids
