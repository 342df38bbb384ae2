--[[
  Adds a job by BullMQ's script, `add()`, and counts it as enqueued once. The mark stands on the job itself: an add that BullMQ
  took for a duplicate finds it, an add that did not happen leaves no job to mark.
    KEYS[1] job, KEYS[2] counts of all queues
    ARGV[1] queue
  Returns 1 where the job is new.
]]
add()
if redis.call('EXISTS', KEYS[1]) == 1 and redis.call('HSETNX', KEYS[1], 'counted', '1') == 1 then
  redis.call('HINCRBY', KEYS[2], 'enqueued:' .. ARGV[1], 1)
  return 1
end
return 0
