-- ARGV: prefix, key, old, new, version.
local k, old, new = ARGV[2], ARGV[3], ARGV[4]
local v = redis.call('GET', p .. 't:' .. k)
if not v then return {'gone'} end
if v ~= old then return {'changed', v} end
redis.call('SET', p .. 't:' .. k, new, 'KEEPTTL')
if live(old) and not live(new) then
  remove(k, old)
elseif live(new) and not live(old) then
  add(k, new, redis.call('PTTL', p .. 't:' .. k))
end
redis.call('PUBLISH', p .. 'events', 'vt:' .. k .. ARGV[5])
return {'ok'}
