-- ARGV: prefix, id, sealed.
redis.call('HSETNX', ARGV[1] .. 'l', ARGV[2], ARGV[3])
return {}
