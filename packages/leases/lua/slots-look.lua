-- Returns 'held', or how the slot of an id ended; nil for an unknown id. ARGV: id.
return redis.call('ZSCORE', slots, ARGV[1]) and 'held' or endOf(ARGV[1])
