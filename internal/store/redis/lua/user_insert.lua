-- A user's value: '1', id (16), sealed. u:<name> is the value, ui names the
-- name of an id. ARGV: prefix, name, value.
local p, name, v = ARGV[1], ARGV[2], ARGV[3]
if redis.call('EXISTS', p .. 'u:' .. name) == 1 then return {'exists'} end
if redis.call('HSETNX', p .. 'ui', string.sub(v, 2, 17), name) == 0 then return {'exists'} end
redis.call('SET', p .. 'u:' .. name, v)
return {'ok'}
