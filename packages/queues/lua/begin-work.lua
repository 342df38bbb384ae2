--[[
  May work on a message begin? It is noted with the message's job until it ends, so that whoever comes next sees when it never did.
  Work in the name of another job of the conversation is noted, and all work in a sandbox, there with the process that does it.
    KEYS[1] the message's job, KEYS[2] active list, KEYS[3] delayed set, KEYS[4] what stands before a job's id
    ARGV[1] its id, ARGV[2] id of the job in whose name, ARGV[3] what that one is locked by, ARGV[4] id of that worker,
    ARGV[5] id of the sandbox's process, or ''; ARGV[6] how many of those may die of it; ARGV[7] how long a note is kept, ms
  Returns 0: it has begun; 1: another worker is at it, or has the job in whose name it would begin, or it failed and is tried again at
  its time; 2: a worker died of it, or may have: only a sandbox may begin; 3: so many sandboxes died of it that this is its end.
]]
local job, by, token, worker, sandbox = KEYS[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
-- A key of its own: Redis may have lost the job, and the note is to outlast it.
local note = job .. ':begun'
if redis.call('GET', KEYS[4] .. by .. ':lock') ~= token then
  return 1
end
local isOther = by ~= ARGV[1]
local lock = redis.call('GET', job .. ':lock')
if isOther and lock and string.sub(lock, 1, #worker + 1) ~= worker .. ':' then
  return 1
end
local known = redis.call('HMGET', job, 'stc', 'atm')
local hasStalled = tonumber(known[1] or 0) > 0 or (not lock and redis.call('LPOS', KEYS[2], ARGV[1]))
if sandbox == '' and hasStalled then
  return 2
end
if isOther and tonumber(known[2] or 0) > 0 and redis.call('ZSCORE', KEYS[3], ARGV[1]) then
  return 1
end
local stalls = function(name)
  return tonumber(redis.call('HGET', KEYS[4] .. name, 'stc') or 0)
end
-- Field: the sandbox's process, or what the worker's job is locked by; value: how often the job had stalled in whose name it is, and its id.
local begun = redis.call('HGETALL', note)
local deaths = 0
for i = 1, #begun, 2 do
  local who = begun[i]
  local had, name = string.match(begun[i + 1], '^(%d+) (.*)$')
  if name ~= by and redis.call('EXISTS', KEYS[4] .. name .. ':lock') == 1 then
    return 1
  end
  if not string.find(who, ':', 1, true) and who ~= sandbox then
    -- Where the job stalled since, or is about to, its worker died as well, or stood still: both may have been killed from outside, or live.
    local hasStalled = stalls(name) > tonumber(had) or (name ~= by and redis.call('LPOS', KEYS[2], name))
    deaths = deaths + (hasStalled and 0.5 or 1)
  end
end
if sandbox == '' and #begun > 0 then
  return 2
end
if sandbox ~= '' and deaths >= tonumber(ARGV[6]) then
  return 3
end
redis.call('HSET', note, sandbox == '' and token or sandbox, stalls(by) .. ' ' .. by)
redis.call('PEXPIRE', note, ARGV[7])
return 0
