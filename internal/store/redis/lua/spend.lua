-- ARGV: prefix, code, until, now, milliseconds to keep it.
local k = ARGV[1] .. 'spent:' .. ARGV[2]
local v = redis.call('GET', k)
if v and v > ARGV[4] then return {'spent'} end
redis.call('SET', k, ARGV[3], 'PX', ARGV[5])
redis.call('PUBLISH', ARGV[1] .. 'events', 'c' .. ARGV[2] .. ARGV[3])
return {'fresh'}
