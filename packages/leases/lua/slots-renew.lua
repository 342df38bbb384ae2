-- Prolongs a lease. One that is past its end but not swept yet has not been given to anybody, so it is prolonged too.
-- ARGV: id, lease in ms.
local id, lease = ARGV[1], tonumber(ARGV[2])
if redis.call('ZSCORE', slots, id) then
  redis.call('ZADD', slots, now + lease, id)
  return 'held'
end
local ending = endOf(id)
return ending and ending ~= lapsed and 'released' or 'lost'
