-- ARGV: prefix, pair, now, ms to keep it.
redis.call('SET', ARGV[1] .. 'fk:' .. ARGV[2], ARGV[3], 'PX', ARGV[4])
return {'ok'}
