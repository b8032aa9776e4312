-- ARGV: prefix, code, old, new, version.
local k, old, new = ARGV[2], ARGV[3], ARGV[4]
local v = redis.call('GET', p .. 'c:' .. k)
if not v then return {'gone'} end
if v ~= old then return {'changed', v} end
redis.call('SET', p .. 'c:' .. k, new, 'KEEPTTL')
if string.sub(old, 1, 66) ~= string.sub(new, 1, 66) then
  remove(k, old)
  add(k, new, redis.call('PTTL', p .. 'c:' .. k))
end
redis.call('PUBLISH', p .. 'events', 'vc:' .. k .. ARGV[5])
return {'ok'}
