-- Stores the absolute values of one epoch (the identity under which a process publishes).
-- ARGV  1 epoch  2 blob  3 '1': may register  4 schema text or '-'  5 id of the store that the caller knows, or ''
--       6 latest time and 7 number of folds that the caller knows  8 id for a new store  9 longest roll-back in ms
--       10 ms from the latest time known until the values were collected
-- Replies { status, now, store id, number of folds, folded sequence number }.
local epoch, blob, known = ARGV[1], ARGV[2], ARGV[5]
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
  -- An old copy of the data was restored, and folded counts are lost for good: a new store begins.
  redis.call('DEL', KEYS[1])
  id = false
end
if not id then
  open_store(ARGV[8])
  read_store()
end

local function reply(status, folded_seq)
  return { status, whole(now), id, whole(folds), folded_seq or '' }
end

if not redis.call('ZSCORE', KEYS[2], epoch) then
  local folded_seq = redis.call('GET', KEYS[8])
  if folded_seq then
    return reply('folded', folded_seq)
  end
  if ARGV[3] ~= '1' or (known ~= '' and known ~= id) then
    return reply('unknown')
  end
end

-- Reads the head instead of the stored blob, because Lua copies every string that it gets and leaves it to the garbage collector.
local previous = redis.call('HGET', KEYS[7], epoch)
if previous and struct.unpack('<d', previous, 17) >= seq then
  return reply('late')
end
local previous_schema = previous and string.sub(previous, 1, 16)
if previous_schema ~= schema then
  if redis.call('HEXISTS', KEYS[4], schema) == 0 then
    if ARGV[4] == '-' then
      return reply('schema')
    end
    redis.call('HSET', KEYS[4], schema, ARGV[4])
  end
  use_schema(schema)
  if previous_schema then
    release_schema(previous_schema)
  end
end
redis.call('HSET', KEYS[3], epoch, blob)
redis.call('HSET', KEYS[7], epoch, string.sub(blob, 9, 32))
-- A request may have waited on the way, for example in the buffers of a frozen Redis. The lease begins when its values were collected,
-- because that is how old they are. At least half of the lease remains, whatever the clocks did meanwhile.
local collected = now
if ARGV[3] == '1' then
  -- A request that registers carries no values, so no reading may be complete until they arrive.
  collected = now - math.floor(lease / 2)
elseif known == id and tonumber(ARGV[6]) > 0 then
  collected = math.min(now, math.max(tonumber(ARGV[6]) + tonumber(ARGV[10]), now - math.floor(lease / 2)))
end
redis.call('ZADD', KEYS[2], whole(collected + lease), epoch)
if now - at > lease / 2 then
  notice_gap(lease)
end
redis.call('HSET', KEYS[1], 'at', whole(now))
return reply('ok')
