-- ARGV: prefix, id.
local p, id = ARGV[1], ARGV[2]
local v = redis.call('GET', p .. 'k:' .. id)
if not v then return {} end
redis.call('DEL', p .. 'k:' .. id, p .. 'kv:' .. string.sub(v, 2, 65))
redis.call('SREM', p .. 'ki', id)
return {v}
