-- Removes expired slots. Returns each id that has expired since the last call.
sweep()
local ids = redis.call('LRANGE', expired, 0, -1)
redis.call('DEL', expired)
return ids
