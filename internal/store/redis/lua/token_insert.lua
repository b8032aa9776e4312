-- A token's value: '1', hash of its value (64), sealed. k:<id> is the value,
-- kv:<hash> names the id, ki is the set of ids.
-- ARGV: prefix, id, value.
local p, id, v = ARGV[1], ARGV[2], ARGV[3]
local kv = p .. 'kv:' .. string.sub(v, 2, 65)
if redis.call('EXISTS', p .. 'k:' .. id) == 1 or redis.call('EXISTS', kv) == 1 then return {'exists'} end
redis.call('SET', p .. 'k:' .. id, v)
redis.call('SET', kv, id)
redis.call('SADD', p .. 'ki', id)
return {'ok'}
