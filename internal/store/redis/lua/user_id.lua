-- ARGV: prefix. Ids count up, and none is given twice.
return {tostring(redis.call('INCR', ARGV[1] .. 'un'))}
