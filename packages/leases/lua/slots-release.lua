-- Releases a slot, counts how it ended, and returns how it ended. The first release decides: later ones, and repeats of a
-- release whose reply was lost, get the same answer. ARGV: id, counter, end.
-- An id that has no slot gets none from now on: the release may arrive before the request for a slot.
local id, counter, ending = ARGV[1], ARGV[2], ARGV[3]
if redis.call('ZREM', slots, id) == 1 then
  redis.call('HINCRBY', totals, counter, 1)
  remember(id, ending)
elseif not endOf(id) then
  remember(id, '')
end
return endOf(id)
