-- ARGV: prefix, name.
local p, name = ARGV[1], ARGV[2]
local v = redis.call('GET', p .. 'u:' .. name)
if not v then return {} end
redis.call('DEL', p .. 'u:' .. name)
redis.call('HDEL', p .. 'ui', string.sub(v, 2, 17))
return {v}
