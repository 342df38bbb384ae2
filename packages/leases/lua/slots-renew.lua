-- Extends a lease, also one that has ended and was not swept yet: its slot is still counted.
-- ARGV: id, lease in ms.
local id, lease = ARGV[1], tonumber(ARGV[2])
if redis.call('ZSCORE', slots, id) then
  redis.call('ZADD', slots, now + lease, id)
  return 'held'
end
local ending = endOf(id)
return ending and ending ~= lapsed and 'released' or 'lost'
