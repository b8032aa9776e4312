-- ARGV: prefix, key, value, limit, now, ms to keep it, ms to keep a mark.
local k, v, limit, now = ARGV[2], ARGV[3], tonumber(ARGV[4]), ARGV[5]
if redis.call('EXISTS', p .. 's:' .. k) == 1 then return {'exists'} end
if redis.call('EXISTS', p .. 'x:' .. k) == 1 then return {'revoked'} end
for _, e in ipairs({'e', 'eu:' .. user(v)}) do
  local epoch = redis.call('GET', p .. e)
  if epoch and created(v) < epoch then return {'revoked'} end
end
local su = p .. 'su:' .. user(v)
redis.call('SET', p .. 's:' .. k, v, 'PX', ARGV[6])
redis.call('SADD', su, k)
if redis.call('PTTL', su) < tonumber(ARGV[6]) then redis.call('PEXPIRE', su, ARGV[6]) end
redis.call('ZADD', p .. 'se', 0, ends(v) .. k)
local out = {'ok'}
if limit <= 0 then return out end
local live = {}
for _, m in ipairs(redis.call('SMEMBERS', su)) do
  if m ~= k then
    local o = redis.call('GET', p .. 's:' .. m)
    if not o then
      redis.call('SREM', su, m)
    elseif kind(o) == kind(v) and ends(o) > now then
      live[#live + 1] = {created(o) .. m, m, o}
    end
  end
end
if #live < limit then return out end
table.sort(live, function(a, b) return a[1] < b[1] end)
local gone = {}
for i = 1, #live - limit + 1 do
  remove(live[i][2], live[i][3], ARGV[7])
  gone[#gone + 1] = live[i][2]
  out[#out + 1] = live[i][2]
  out[#out + 1] = live[i][3]
end
announce(gone)
return out
