-- ARGV: prefix. Returns ids and sealed values.
return redis.call('HGETALL', ARGV[1] .. 'l')
