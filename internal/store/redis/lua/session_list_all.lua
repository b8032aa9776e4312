-- ARGV: prefix, cursor, how many. Returns the next cursor, empty at the end.
local members = redis.call('ZRANGEBYLEX', p .. 'se', '(' .. ARGV[2], '+', 'LIMIT', 0, ARGV[3])
local out = {''}
for _, m in ipairs(members) do
  local k = string.sub(m, 17)
  local v = redis.call('GET', p .. 's:' .. k)
  if v then
    out[#out + 1] = k
    out[#out + 1] = v
  end
end
if #members == tonumber(ARGV[3]) then out[1] = members[#members] end
return out
