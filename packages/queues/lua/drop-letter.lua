--[[
  Deletes a letter. BullMQ's own script looks for it from where the latest lie, and those that are dropped are the oldest.
    KEYS[1] wait list, KEYS[2] the letter
    ARGV[1] its id
  Returns 1 where there was one.
]]
if redis.call('LREM', KEYS[1], -1, ARGV[1]) == 0 then
  return 0
end
return redis.call('DEL', KEYS[2])
