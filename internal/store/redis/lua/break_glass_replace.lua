-- A code's value: '1', user (32), sealed. b:<code> is the value, bu:<user> the
-- list of a user's codes, bi the set of users who have any.
-- ARGV: prefix, user, then code and value of each new one. Returns the values
-- that were there before.
local p, u = ARGV[1], ARGV[2]
local bu = p .. 'bu:' .. u
local old, mine, new = redis.call('LRANGE', bu, 0, -1), {}, {}
for _, k in ipairs(old) do mine[k] = true end
for i = 3, #ARGV, 2 do
  local k = ARGV[i]
  if new[k] or (not mine[k] and redis.call('EXISTS', p .. 'b:' .. k) == 1) then return {'exists'} end
  new[k] = true
end
local out = {'ok'}
for _, k in ipairs(old) do
  local v = redis.call('GET', p .. 'b:' .. k)
  if v then
    out[#out + 1] = k
    out[#out + 1] = v
  end
  redis.call('DEL', p .. 'b:' .. k)
end
redis.call('DEL', bu)
redis.call('SREM', p .. 'bi', u)
for i = 3, #ARGV, 2 do
  redis.call('SET', p .. 'b:' .. ARGV[i], ARGV[i + 1])
  redis.call('RPUSH', bu, ARGV[i])
  redis.call('SADD', p .. 'bi', u)
end
return out
