-- ARGV: prefix, schema, sealed hashing key. What is there already stays.
local p = ARGV[1]
if redis.call('EXISTS', p .. 'meta:schema') == 0 then
  redis.call('SET', p .. 'meta:schema', ARGV[2])
end
if redis.call('EXISTS', p .. 'meta:index') == 0 then
  redis.call('SET', p .. 'meta:index', ARGV[3])
end
return {redis.call('GET', p .. 'meta:schema'), redis.call('GET', p .. 'meta:index')}
