-- ARGV: prefix, code, value, limit, now, ms to keep it.
local k, v, limit, now, ms = ARGV[2], ARGV[3], tonumber(ARGV[4]), ARGV[5], tonumber(ARGV[6])
if redis.call('EXISTS', p .. 'c:' .. k) == 1 then return {'exists'} end
if limit > 0 then
  local live = {}
  for i, m in ipairs(redis.call('ZRANGE', user(v), 0, -1)) do
    local o = redis.call('GET', p .. 'c:' .. string.sub(m, 17))
    if o and state(o) == 'l' and ends(o) > now then
      live[#live + 1] = {string.sub(m, 17), o, string.format('%s%010d', issued(o), i)}
    end
  end
  table.sort(live, function(a, b) return a[3] < b[3] end)
  for i = 1, #live - limit + 1 do
    local dead = '1d' .. string.sub(live[i][2], 3)
    remove(live[i][1], live[i][2])
    redis.call('SET', p .. 'c:' .. live[i][1], dead, 'KEEPTTL')
    add(live[i][1], dead, ms)
  end
end
redis.call('SET', p .. 'c:' .. k, v, 'PX', ms)
add(k, v, ms)
return {'ok'}
