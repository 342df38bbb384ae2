-- Adds the last values of epochs that are gone to the retired totals. Any reader may run it; running it twice at once is harmless.
-- ARGV  1 'lapsed', or 'own' for the epoch of a process that leaves  2 a unique id, for a new store and for this fold
--       3 lease in ms  4 lifetime of a tombstone in ms  5... epochs
-- Replies { now, epochs that were folded, epochs that could not be read }.
local own = ARGV[1] == 'own'
local lease, tombstone = tonumber(ARGV[3]), tonumber(ARGV[4])
-- How many of the last folded epochs are kept for readers; MAX_RECENTLY_FOLDED in store.ts.
local most_left = 32

open_store(ARGV[2])
if not own then
  notice_gap(lease)
  if now < stored('grace') then
    return { whole(now), {}, {} }
  end
end

local columns_of = {}
local function columns_for(schema)
  if columns_of[schema] == nil then
    local text = redis.call('HGET', KEYS[4], schema)
    local columns = false
    if text then
      columns = {}
      for column in string.gmatch(text, '[^\n]+') do
        columns[#columns + 1] = column
      end
    end
    columns_of[schema] = columns
  end
  return columns_of[schema]
end

-- Reads everything before it writes anything, so that an error leaves nothing half done.
local sums, folded, unreadable, dropped = {}, {}, {}, {}
for argument = 5, #ARGV do
  local epoch = ARGV[argument]
  local ends = tonumber(redis.call('ZSCORE', KEYS[2], epoch) or nil)
  if ends and (own or ends <= now) then
    local blob = redis.call('HGET', KEYS[3], epoch)
    local columns = blob and string.sub(blob, 1, 4) == 'PSM1' and columns_for(string.sub(blob, 9, 24))
    if columns and #blob == 40 + 8 * #columns then
      for index, column in ipairs(columns) do
        local value = struct.unpack('<d', blob, 33 + 8 * index)
        -- Gauges end with their epoch; NaN, which is not equal to itself, counts nothing.
        if string.sub(column, 1, 1) ~= 'g' and value == value and value ~= 0 then
          sums[column] = (sums[column] or 0) + value
        end
      end
      folded[#folded + 1] = { epoch, KEYS[argument + 3], string.sub(blob, 9, 24), struct.unpack('<d', blob, 25) }
    else
      unreadable[#unreadable + 1] = epoch
      if ends + tombstone < now then
        dropped[#dropped + 1] = epoch
      end
    end
  end
end

for column, sum in pairs(sums) do
  local before = tonumber(redis.call('HGET', KEYS[6], column) or '0')
  redis.call('HSET', KEYS[6], column, string.format('%.17g', before + sum))
end
local names = {}
local left = #folded > 0 and redis.call('HGET', KEYS[1], 'left') or ''
for _, fold in ipairs(folded) do
  redis.call('SET', fold[2], whole(fold[4]), 'PX', whole(tombstone))
  redis.call('HDEL', KEYS[3], fold[1])
  redis.call('HDEL', KEYS[7], fold[1])
  redis.call('ZREM', KEYS[2], fold[1])
  release_schema(fold[3])
  names[#names + 1] = fold[1]
  left = left .. fold[1] .. '\n'
end
for _, epoch in ipairs(dropped) do
  redis.call('HDEL', KEYS[3], epoch)
  redis.call('HDEL', KEYS[7], epoch)
  redis.call('ZREM', KEYS[2], epoch)
end
if #folded > 0 then
  redis.call('HINCRBY', KEYS[1], 'folds', #folded)
  local _, lines = string.gsub(left, '\n', '')
  for _ = most_left + 1, lines do
    left = string.sub(left, string.find(left, '\n', 1, true) + 1)
  end
  redis.call('HSET', KEYS[1], 'fold', ARGV[2], 'left', left)
end
return { whole(now), names, unreadable }
