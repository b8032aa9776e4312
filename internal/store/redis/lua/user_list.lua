-- ARGV: prefix. Returns names and values.
local p, out = ARGV[1], {}
local all = redis.call('HGETALL', p .. 'ui')
for i = 2, #all, 2 do
  out[#out + 1] = all[i]
  out[#out + 1] = redis.call('GET', p .. 'u:' .. all[i]) or ''
end
return out
