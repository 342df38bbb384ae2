-- Gives a slot back and counts how it ended; 1 for the one caller who removed it. KEYS: slots, totals. ARGV: id, counter.
if redis.call('ZREM', KEYS[1], ARGV[1]) == 0 then
  return 0
end
redis.call('HINCRBY', KEYS[2], ARGV[2], 1)
return 1
