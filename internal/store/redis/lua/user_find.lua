-- ARGV: prefix, id. Returns name and value.
local p = ARGV[1]
local name = redis.call('HGET', p .. 'ui', ARGV[2])
if not name then return {} end
local v = redis.call('GET', p .. 'u:' .. name)
if not v then return {} end
return {name, v}
