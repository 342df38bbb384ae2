-- Shared by publish.lua and fold.lua, which are appended to this file. Redis' clock is the only clock.
-- KEYS  1 store  2 leases  3 blobs  4 schemas  5 uses  6 retired  7 heads (schema hash and sequence number of each blob)  8... tombstones
-- A blob: 'PSM1', 4 unused bytes, 16 characters of schema hash, then little-endian doubles: sequence number, lease in ms, the values.
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)

-- tostring() rounds from 1e14 on.
local function whole(number)
  return string.format('%.0f', number)
end

local function stored(field)
  return tonumber(redis.call('HGET', KEYS[1], field) or '0')
end

local function open_store(new_id)
  if redis.call('EXISTS', KEYS[1]) == 0 then
    redis.call('DEL', KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6], KEYS[7])
    redis.call('HSET', KEYS[1], 'id', new_id, 'since', whole(now), 'at', whole(now), 'folds', '0', 'grace', '0', 'gap', '0')
  end
end

-- When nobody has published for half a lease, Redis itself was away. Nobody is folded until everyone had a lease's time to come back.
local function notice_gap(lease)
  local at = stored('at')
  if now - at > lease / 2 and stored('gap') ~= at then
    redis.call('HSET', KEYS[1], 'gap', whole(at), 'grace', whole(now + lease))
  end
end

local function use_schema(schema)
  redis.call('HINCRBY', KEYS[5], schema, 1)
end

local function release_schema(schema)
  if redis.call('HINCRBY', KEYS[5], schema, -1) <= 0 then
    redis.call('HDEL', KEYS[5], schema)
    redis.call('HDEL', KEYS[4], schema)
  end
end
