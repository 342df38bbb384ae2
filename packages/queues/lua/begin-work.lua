--[[
  May work on a message begin? It is noted with the message's job until it ends, so that whoever comes next sees when it never did.
  Work in the name of another job of the conversation is noted, and all work in a sandbox, there with the process that does it.
    KEYS[1] the message's job, KEYS[2] active list, KEYS[3] delayed set, KEYS[4] what stands before a job's id
    ARGV[1] its id, ARGV[2] id of the job in whose name, ARGV[3] id of the worker that has that one,
    ARGV[4] id of the sandbox's process, or ''; ARGV[5] how many of those may die of it, ARGV[6] how long a note is kept, ms
  Returns 0: it has begun; 1: another worker is at it, or it failed and is tried again at its time; 2: a worker died of it, or may
  have: only a sandbox may begin; 3: so many sandboxes never ended it that it is their end.
]]
local job, by, worker, sandbox = KEYS[1], ARGV[2], ARGV[3], ARGV[4]
-- A key of its own: Redis may have lost the job, and the note is to outlast it.
local note = job .. ':begun'
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
local noted = redis.call('HGET', note, 'by')
if noted and noted ~= by and redis.call('EXISTS', KEYS[4] .. noted .. ':lock') == 1 then
  return 1
end
if sandbox == '' then
  if noted then
    return 2
  end
else
  -- One that lives did not die of it.
  local died = redis.call('HLEN', note) - redis.call('HEXISTS', note, 'by') - redis.call('HEXISTS', note, sandbox)
  if died >= tonumber(ARGV[5]) then
    -- A replay has as many tries, and is known.
    redis.call('DEL', note)
    redis.call('HSET', note, 'by', '')
    redis.call('PEXPIRE', note, ARGV[6])
    return 3
  end
  redis.call('HSET', note, sandbox, 1)
end
redis.call('HSET', note, 'by', by)
redis.call('PEXPIRE', note, ARGV[6])
return 0
