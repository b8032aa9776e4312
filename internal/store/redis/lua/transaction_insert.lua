-- ARGV: prefix, key, value, limits of the client, the user and in all, now,
-- ms to keep it. Returns those that were burned to make room.
local k, v, now, ms = ARGV[2], ARGV[3], ARGV[7], tonumber(ARGV[8])
local per_client, per_user, total = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
if redis.call('EXISTS', p .. 't:' .. k) == 1 then return {'exists'} end
local u, c = indexes(v)
local victims = {}
if per_client > 0 then
  local mine = {}
  for _, m in ipairs(redis.call('ZRANGE', c, 0, -1)) do
    local o = redis.call('GET', p .. 't:' .. string.sub(m, 17))
    if o and live(o) and ends(o) > now then mine[#mine + 1] = {string.sub(m, 17), o} end
  end
  local need = #mine - per_client + 1
  for _, o in ipairs(mine) do
    if #victims < need and phase(o[2]) == 'p' then victims[#victims + 1] = o end
  end
  if need > 0 and #victims < need then return {'full'} end
end
if #victims == 0 then
  local after = '(' .. now .. '~'
  if per_user > 0 and redis.call('ZLEXCOUNT', u, after, '+') >= per_user then return {'full'} end
  if total > 0 and redis.call('ZLEXCOUNT', p .. 'tl', after, '+') >= total then return {'full'} end
end
local out = {'ok'}
for _, o in ipairs(victims) do
  remove(o[1], o[2])
  redis.call('SET', p .. 't:' .. o[1], '1b' .. string.sub(o[2], 3), 'KEEPTTL')
  out[#out + 1] = o[1]
  out[#out + 1] = o[2]
end
redis.call('SET', p .. 't:' .. k, v, 'PX', ms)
redis.call('ZADD', p .. 'te', 0, ends(v) .. k)
if live(v) then add(k, v, ms) end
return out
