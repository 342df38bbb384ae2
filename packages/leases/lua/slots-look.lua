-- 'held', or how the slot of an id ended; nothing for one that nobody remembers. ARGV: id.
return redis.call('ZSCORE', slots, ARGV[1]) and 'held' or endOf(ARGV[1])
