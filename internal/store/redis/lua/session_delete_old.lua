-- ARGV: prefix, before, cursor, how many to look at, ms to keep a mark.
-- Returns the next cursor, empty at the end, and what was deleted.
local members = redis.call('ZRANGEBYLEX', p .. 'se', '(' .. ARGV[3], '+', 'LIMIT', 0, ARGV[4])
local gone, out = {}, {''}
for _, m in ipairs(members) do
  local k = string.sub(m, 17)
  local v = redis.call('GET', p .. 's:' .. k)
  if not v then
    redis.call('ZREM', p .. 'se', m)
  elseif created(v) < ARGV[2] then
    remove(k, v, ARGV[5])
    gone[#gone + 1] = k
    out[#out + 1] = k
    out[#out + 1] = v
  end
end
if #members == tonumber(ARGV[4]) then out[1] = members[#members] end
announce(gone)
return out
