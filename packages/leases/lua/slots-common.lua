-- Goes before each script about slots.
-- slots: sorted set of id by the end of its lease, in ms of Redis' own clock. totals: hash of counters.
-- expired: list of ids that a sweep removed and nobody has taken note of yet.
local function clock()
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end

-- A slot whose lease is over ends as an error, once: whoever removes it counts it.
local function sweep(slots, totals, expired, now)
  local gone = redis.call('ZRANGEBYSCORE', slots, '-inf', now)
  for _, id in ipairs(gone) do
    redis.call('ZREM', slots, id)
    redis.call('RPUSH', expired, id)
  end
  if #gone > 0 then
    redis.call('HINCRBY', totals, 'errors', #gone)
    redis.call('LTRIM', expired, -10000, -1)
  end
end
