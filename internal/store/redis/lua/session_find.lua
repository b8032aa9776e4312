-- ARGV: prefix, key.
local v = redis.call('GET', p .. 's:' .. ARGV[2])
if not v then return {} end
return {v, redis.call('GET', p .. 'e') or '', redis.call('GET', p .. 'eu:' .. user(v)) or ''}
