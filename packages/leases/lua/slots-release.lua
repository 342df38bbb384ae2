-- Gives a slot back, counts how it ended, and answers the end that stands: the first one, also to those who come later or
-- ask again because they did not hear the answer. ARGV: id, counter, end.
-- An id that never had a slot is over from now on as well: what is told of its end may come before its beginning.
local id, counter, ending = ARGV[1], ARGV[2], ARGV[3]
if redis.call('ZREM', slots, id) == 1 then
  redis.call('HINCRBY', totals, counter, 1)
  remember(id, ending)
elseif not endOf(id) then
  remember(id, '')
end
return endOf(id)
