-- ARGV: prefix, user (empty: of everybody). Returns codes and values.
local p, users, out = ARGV[1], {ARGV[2]}, {}
if ARGV[2] == '' then users = redis.call('SMEMBERS', p .. 'bi') end
for _, u in ipairs(users) do
  for _, k in ipairs(redis.call('LRANGE', p .. 'bu:' .. u, 0, -1)) do
    out[#out + 1] = k
    out[#out + 1] = redis.call('GET', p .. 'b:' .. k) or ''
  end
end
return out
