--[[
  Takes a failed job out of its queue and counts it as moved, in the transaction that adds it to the dead letter.
  Whoever comes second, another sweep, finds it gone and counts nothing.
    KEYS[1] failed set, KEYS[2] job, KEYS[3] counts of all queues, KEYS[4] the job in the dead letter
    ARGV[1] job id, ARGV[2] queue
  Returns 1 where the job was moved.
]]
if redis.call('EXISTS', KEYS[4]) == 0 or redis.call('ZREM', KEYS[1], ARGV[1]) == 0 then
  return 0
end
local job = KEYS[2]
redis.call(
  'DEL', job, job .. ':logs', job .. ':dependencies', job .. ':processed', job .. ':failed', job .. ':unsuccessful'
)
redis.call('HINCRBY', KEYS[3], 'dead_letter:' .. ARGV[2], 1)
return 1
