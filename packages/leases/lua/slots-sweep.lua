-- Sweeps, and hands over every expired id that was not handed over yet.
sweep()
local ids = redis.call('LRANGE', expired, 0, -1)
redis.call('DEL', expired)
return ids
