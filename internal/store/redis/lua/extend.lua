-- ARGV: prefix, source, until, milliseconds to keep it. The later time stays.
local k = ARGV[1] .. 'source:' .. ARGV[2]
local v = redis.call('GET', k)
if not v or v < ARGV[3] then redis.call('SET', k, ARGV[3], 'PX', ARGV[4]) end
return {}
