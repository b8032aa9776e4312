-- ARGV: prefix, now, how many. Returns the number looked at, and what was
-- removed.
local members = redis.call('ZRANGEBYLEX', p .. 'ce', '-', '[' .. ARGV[2] .. '~', 'LIMIT', 0, ARGV[3])
local out = {tostring(#members)}
for _, m in ipairs(members) do
  local k = string.sub(m, 17)
  local v = redis.call('GET', p .. 'c:' .. k)
  redis.call('ZREM', p .. 'ce', m)
  if v then
    redis.call('DEL', p .. 'c:' .. k)
    remove(k, v)
    out[#out + 1] = k
    out[#out + 1] = v
  end
end
return out
