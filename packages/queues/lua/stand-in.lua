--[[
  May a job do what another job is there for? Whoever may is noted with that job until it says that it is through, so that the
  next one sees when it never came back.
    KEYS[1] the job that is stood in for, KEYS[2] active list, KEYS[3] delayed set, KEYS[4] what stands before a job's id
    ARGV[1] its id, ARGV[2] id of the job that stands in, ARGV[3] id of the worker that has that one
  Returns 0: it may; 1: another worker is at it, or it failed and is tried again at its time; 2: a worker died over it, or may have.
]]
local job = KEYS[1]
-- Lost, or not there yet: there is nothing to note it with.
if redis.call('EXISTS', job) == 0 then
  return 0
end
local lock = redis.call('GET', job .. ':lock')
if lock and string.sub(lock, 1, #ARGV[3] + 1) ~= ARGV[3] .. ':' then
  return 1
end
local known = redis.call('HMGET', job, 'stc', 'stand_in', 'atm')
if tonumber(known[1] or 0) > 0 or (not lock and redis.call('LPOS', KEYS[2], ARGV[1])) then
  return 2
end
if tonumber(known[3] or 0) > 0 and redis.call('ZSCORE', KEYS[3], ARGV[1]) then
  return 1
end
if known[2] then
  return redis.call('EXISTS', KEYS[4] .. known[2] .. ':lock') == 1 and known[2] ~= ARGV[2] and 1 or 2
end
redis.call('HSET', job, 'stand_in', ARGV[2])
return 0
