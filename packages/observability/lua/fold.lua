-- Adds the last values of boots that are gone to the retired totals. Any reader may call it; two at once are harmless.
-- ARGV  1 'lapsed', or 'own' for the boot that leaves  2 an id like no other, for a new store and for this fold  3 lease in ms  4 tombstone in ms  5... boots
-- Answers { now, boots folded, boots that could not be read }.
local own = ARGV[1] == 'own'
local lease, tombstone = tonumber(ARGV[3]), tonumber(ARGV[4])
-- So many of the last folded are named to readers.
local most_left = 32

open_store(ARGV[2])
if not own then
  notice_gap(lease)
  if now < stored('grace') then
    return { whole(now), {}, {} }
  end
end

local slots_of = {}
local function slots_for(schema)
  if slots_of[schema] == nil then
    local text = redis.call('HGET', KEYS[4], schema)
    local slots = false
    if text then
      slots = {}
      for slot in string.gmatch(text, '[^\n]+') do
        slots[#slots + 1] = slot
      end
    end
    slots_of[schema] = slots
  end
  return slots_of[schema]
end

-- Everything is read before anything is written: an error on the way leaves nothing half done.
local sums, folded, unreadable, dropped = {}, {}, {}, {}
for argument = 5, #ARGV do
  local boot = ARGV[argument]
  local ends = tonumber(redis.call('ZSCORE', KEYS[2], boot) or nil)
  if ends and (own or ends <= now) then
    local blob = redis.call('HGET', KEYS[3], boot)
    local slots = blob and string.sub(blob, 1, 4) == 'PSM1' and slots_for(string.sub(blob, 9, 24))
    if slots and #blob == 40 + 8 * #slots then
      for index, slot in ipairs(slots) do
        local value = struct.unpack('<d', blob, 33 + 8 * index)
        -- Gauges leave with their boot; a NaN (never equal to itself) counts nothing.
        if string.sub(slot, 1, 1) ~= 'g' and value == value and value ~= 0 then
          sums[slot] = (sums[slot] or 0) + value
        end
      end
      folded[#folded + 1] = { boot, KEYS[argument + 3], string.sub(blob, 9, 24), struct.unpack('<d', blob, 25) }
    else
      unreadable[#unreadable + 1] = boot
      if ends + tombstone < now then
        dropped[#dropped + 1] = boot
      end
    end
  end
end

for slot, sum in pairs(sums) do
  local before = tonumber(redis.call('HGET', KEYS[6], slot) or '0')
  redis.call('HSET', KEYS[6], slot, string.format('%.17g', before + sum))
end
local names = {}
local left = #folded > 0 and redis.call('HGET', KEYS[1], 'left') or ''
for _, fold in ipairs(folded) do
  redis.call('SET', fold[2], whole(fold[4]), 'PX', whole(tombstone))
  redis.call('HDEL', KEYS[3], fold[1])
  redis.call('HDEL', KEYS[7], fold[1])
  redis.call('ZREM', KEYS[2], fold[1])
  leave_schema(fold[3])
  names[#names + 1] = fold[1]
  left = left .. fold[1] .. '\n'
end
for _, boot in ipairs(dropped) do
  redis.call('HDEL', KEYS[3], boot)
  redis.call('HDEL', KEYS[7], boot)
  redis.call('ZREM', KEYS[2], boot)
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
