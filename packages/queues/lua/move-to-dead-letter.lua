--[[
  Moves a failed job to the dead letter: `add()`, BullMQ's script, adds the letter, which it leaves alone where there is one. Whoever
  comes late finds the job gone, or that a replay under its id failed in its turn, and changes nothing.
    KEYS[1] failed set, KEYS[2] job, KEYS[3] counts of all queues
    ARGV[1] job id, ARGV[2] when it failed, Unix ms; 0 where that is not known, ARGV[3] queue
  Returns 1 where the job was moved.
]]
local job = KEYS[2]
local finished = tonumber(redis.call('HGET', job, 'finishedOn') or 0)
if finished ~= tonumber(ARGV[2]) or not redis.call('ZSCORE', KEYS[1], ARGV[1]) then
  return 0
end
add()
redis.call('ZREM', KEYS[1], ARGV[1])
redis.call(
  'DEL', job, job .. ':logs', job .. ':dependencies', job .. ':processed', job .. ':failed', job .. ':unsuccessful', job .. ':begun'
)
redis.call('HINCRBY', KEYS[3], 'dead_letter:' .. ARGV[3], 1)
return 1
