-- ARGV: prefix, cursor, how many. Returns the next cursor, empty at the end,
-- and keys.
local members = redis.call('ZRANGEBYLEX', p .. 'tl', '(' .. ARGV[2], '+', 'LIMIT', 0, ARGV[3])
local out = {''}
for _, m in ipairs(members) do out[#out + 1] = string.sub(m, 17) end
if #members == tonumber(ARGV[3]) then out[1] = members[#members] end
return out
