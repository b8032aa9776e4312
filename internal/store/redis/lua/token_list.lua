-- ARGV: prefix. Returns ids and values.
local p, out = ARGV[1], {}
for _, id in ipairs(redis.call('SMEMBERS', p .. 'ki')) do
  local v = redis.call('GET', p .. 'k:' .. id)
  out[#out + 1] = id
  out[#out + 1] = v or ''
end
return out
