-- Goes before each script about slots; all of them are given the same keys:
-- slots: sorted set of id by the end of its lease, in ms of Redis' own clock. totals: hash of counters.
-- rejected: sorted set of id by when it found no free slot.
-- expired: list of ids that a sweep removed and nobody has taken note of yet.
-- swept: when the last sweep was. over: what the keys begin with that remember how the slot of an id ended.
local slots, totals, rejected, expired, swept, over = unpack(KEYS)

-- How long an id is remembered that was rejected or is over: it gets no slot any more.
local memory = 3600000
-- Sweeps come every second or two. When none came for so long, Redis was away or stood still, and nobody could renew ...
local away = 5000
-- ... so that everybody gets this long to do it.
local grace = 12000

local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)

local function endOf(id)
  return redis.call('GET', over .. ':' .. id)
end

local function remember(id, ending)
  redis.call('SET', over .. ':' .. id, ending, 'PX', memory)
end

local lapsed = 'error:lease_expired'

-- A slot whose lease is over ends as an error, once: whoever removes it counts it.
local function sweep()
  local last = tonumber(redis.call('GET', swept) or now)
  redis.call('SET', swept, string.format('%.0f', now))
  if now - last > away then
    for _, id in ipairs(redis.call('ZRANGEBYSCORE', slots, '-inf', now + grace)) do
      redis.call('ZADD', slots, now + grace, id)
    end
    return
  end
  local gone = redis.call('ZRANGEBYSCORE', slots, '-inf', now)
  for _, id in ipairs(gone) do
    redis.call('ZREM', slots, id)
    redis.call('RPUSH', expired, id)
    remember(id, lapsed)
  end
  if #gone > 0 then
    redis.call('HINCRBY', totals, 'errors', #gone)
    redis.call('LTRIM', expired, -10000, -1)
  end
end
