-- ARGV: prefix, key, ms to keep a mark. The mark is made even when there is no
-- such session: a creation still under way comes too late.
local k = ARGV[2]
local v = redis.call('GET', p .. 's:' .. k)
if v then
  remove(k, v, ARGV[3])
else
  redis.call('SET', p .. 'x:' .. k, '', 'PX', ARGV[3])
end
announce({k})
if v then return {v} end
return {}
