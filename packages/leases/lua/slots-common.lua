-- Prepended to each of the slots scripts. All of them get the same keys:
-- slots: sorted set of id by the end of its lease, in ms of Redis' own clock. totals: hash of counters.
-- rejected: sorted set of id by when it found no free slot.
-- expired: list of ids that were removed because their lease ended, and that `sweep` has not returned yet.
-- swept: time of the last sweep. over: prefix of the keys that hold how the slot of an id ended.
local slots, totals, rejected, expired, swept, over = unpack(KEYS)

-- How long a rejected or ended id is remembered, in ms. It gets no other slot in this time.
local memory = 3600000
-- Sweeps run every second or two. After a longer gap, in ms, Redis was unavailable and no lease could be renewed ...
local away = 5000
-- ... so every lease is extended to at least this long, in ms.
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

-- Removes slots whose lease has ended. Each ends as an error, counted by the script that removes it.
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
