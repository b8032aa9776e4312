-- ARGV: prefix, now, how many. Returns the number looked at, and what was over.
local members = redis.call('ZRANGEBYLEX', p .. 'se', '-', '[' .. ARGV[2] .. '~', 'LIMIT', 0, ARGV[3])
local gone, out = {}, {tostring(#members)}
for _, m in ipairs(members) do
  local k = string.sub(m, 17)
  local v = redis.call('GET', p .. 's:' .. k)
  if v and ends(v) == string.sub(m, 1, 16) then
    remove(k, v, nil)
    gone[#gone + 1] = k
    out[#out + 1] = k
    out[#out + 1] = v
  else
    redis.call('ZREM', p .. 'se', m)
  end
end
announce(gone)
return out
