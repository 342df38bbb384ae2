-- Stores the absolute values of one boot.
-- ARGV  1 boot  2 blob  3 '1': may register  4 the schema's text or '-'  5 store known to the caller or ''
--       6 latest time and 7 fold number known to the caller  8 id for a new store  9 longest roll-back in ms
--       10 ms from the latest time known until the values were collected
-- Answers { status, now, store id, fold number, folded sequence number }.
local boot, blob, known = ARGV[1], ARGV[2], ARGV[5]
local schema = string.sub(blob, 9, 24)
local seq = struct.unpack('<d', blob, 25)
local lease = struct.unpack('<d', blob, 33)

local id, at, folds
local function read_store()
  local fields = redis.call('HMGET', KEYS[1], 'id', 'at', 'folds')
  id, at, folds = fields[1], tonumber(fields[2] or '0'), tonumber(fields[3] or '0')
end

read_store()
if id and known == id and at + tonumber(ARGV[9]) < tonumber(ARGV[6]) and folds < tonumber(ARGV[7]) then
  -- An old copy came back, and folded counts are gone for good: another store begins.
  redis.call('DEL', KEYS[1])
  id = false
end
if not id then
  open_store(ARGV[8])
  read_store()
end

local function answer(status, folded_seq)
  return { status, whole(now), id, whole(folds), folded_seq or '' }
end

if not redis.call('ZSCORE', KEYS[2], boot) then
  local folded_seq = redis.call('GET', KEYS[8])
  if folded_seq then
    return answer('folded', folded_seq)
  end
  if ARGV[3] ~= '1' or (known ~= '' and known ~= id) then
    return answer('unknown')
  end
end

-- Not the blob itself: a string that Lua gets to see is copied, and left to its garbage collector.
local previous = redis.call('HGET', KEYS[7], boot)
if previous and struct.unpack('<d', previous, 17) >= seq then
  return answer('late')
end
local previous_schema = previous and string.sub(previous, 1, 16)
if previous_schema ~= schema then
  if redis.call('HEXISTS', KEYS[4], schema) == 0 then
    if ARGV[4] == '-' then
      return answer('schema')
    end
    redis.call('HSET', KEYS[4], schema, ARGV[4])
  end
  use_schema(schema)
  if previous_schema then
    leave_schema(previous_schema)
  end
end
redis.call('HSET', KEYS[3], boot, blob)
redis.call('HSET', KEYS[7], boot, string.sub(blob, 9, 32))
-- A word may have waited on its way, for one in the buffers of a Redis that was frozen. The lease begins when its values
-- were collected, for that is how old they are; half of it is left in any case, whatever clocks did meanwhile.
local collected = now
if ARGV[3] == '1' then
  -- The word that registers a boot brings no values: until they come nothing may be called complete.
  collected = now - math.floor(lease / 2)
elseif known == id and tonumber(ARGV[6]) > 0 then
  collected = math.min(now, math.max(tonumber(ARGV[6]) + tonumber(ARGV[10]), now - math.floor(lease / 2)))
end
redis.call('ZADD', KEYS[2], whole(collected + lease), boot)
if now - at > lease / 2 then
  notice_gap(lease)
end
redis.call('HSET', KEYS[1], 'at', whole(now))
return answer('ok')
