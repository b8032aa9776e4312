-- ARGV: prefix, before, how many. Returns the number looked at, and what was
-- removed.
local members = redis.call('ZRANGEBYLEX', p .. 'te', '-', '(' .. ARGV[2], 'LIMIT', 0, ARGV[3])
local out = {tostring(#members)}
for _, m in ipairs(members) do
  local k = string.sub(m, 17)
  local v = redis.call('GET', p .. 't:' .. k)
  redis.call('ZREM', p .. 'te', m)
  redis.call('ZREM', p .. 'tl', m)
  if v then
    redis.call('DEL', p .. 't:' .. k)
    remove(k, v)
    out[#out + 1] = k
    out[#out + 1] = v
  end
end
return out
