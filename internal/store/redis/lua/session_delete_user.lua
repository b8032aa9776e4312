-- ARGV: prefix, user, ms to keep a mark, before (empty: whenever created).
local u, before = ARGV[2], ARGV[4]
local su = p .. 'su:' .. u
local gone, out = {}, {}
for _, k in ipairs(redis.call('SMEMBERS', su)) do
  local v = redis.call('GET', p .. 's:' .. k)
  if not v then
    redis.call('SREM', su, k)
  elseif before == '' or created(v) < before then
    remove(k, v, ARGV[3])
    gone[#gone + 1] = k
    out[#out + 1] = k
    out[#out + 1] = v
  end
end
if before ~= '' then
  local epoch = redis.call('GET', p .. 'eu:' .. u)
  if not epoch or epoch < before then redis.call('SET', p .. 'eu:' .. u, before) end
  publish('u' .. u .. before)
end
announce(gone)
return out
