-- ARGV: prefix, user.
local out = {}
for _, k in ipairs(redis.call('SMEMBERS', p .. 'su:' .. ARGV[2])) do
  local v = redis.call('GET', p .. 's:' .. k)
  if v then
    out[#out + 1] = k
    out[#out + 1] = v
  end
end
return out
