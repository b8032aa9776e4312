-- ARGV: prefix, key, old, new.
local k, old, new = ARGV[2], ARGV[3], ARGV[4]
local v = redis.call('GET', p .. 's:' .. k)
if not v then return {'gone'} end
if v ~= old then return {'changed', v} end
redis.call('SET', p .. 's:' .. k, new, 'KEEPTTL')
if ends(old) ~= ends(new) then
  redis.call('ZREM', p .. 'se', ends(old) .. k)
  redis.call('ZADD', p .. 'se', 0, ends(new) .. k)
end
return {'ok'}
