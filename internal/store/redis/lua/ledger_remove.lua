-- ARGV: prefix, id.
return {tostring(redis.call('HDEL', ARGV[1] .. 'l', ARGV[2]))}
