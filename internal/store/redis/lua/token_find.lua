-- ARGV: prefix, hash of the value. Returns id and value.
local p = ARGV[1]
local id = redis.call('GET', p .. 'kv:' .. ARGV[2])
if not id then return {} end
local v = redis.call('GET', p .. 'k:' .. id)
if not v then return {} end
return {id, v}
