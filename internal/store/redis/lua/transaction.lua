-- A login's value: '1', phase (1: p, c, or another for the final ones), user
-- (32), client (32), binding (64), ends (16), sealed. b for a phase means that
-- the login was burned to make room; the sealed part does not know it.
-- t:<key> is the value, te all keys by their end, and of live ones tl all keys
-- by their end, tu:<user> the same of a user, tc:<client> those of a client in
-- the order of insertion, tb:<binding> the set of those that share one.
local p = ARGV[1]
local function phase(v) return string.sub(v, 2, 2) end
local function ends(v) return string.sub(v, 131, 146) end
local function live(v) return phase(v) == 'p' or phase(v) == 'c' end
local function indexes(v)
  return p .. 'tu:' .. string.sub(v, 3, 34), p .. 'tc:' .. string.sub(v, 35, 66), p .. 'tb:' .. string.sub(v, 67, 130)
end
local function keep(k, ms)
  if redis.call('PTTL', k) < ms then redis.call('PEXPIRE', k, ms) end
end
local function add(k, v, ms)
  local u, c, b = indexes(v)
  local m = ends(v) .. k
  redis.call('ZADD', p .. 'tl', 0, m)
  redis.call('ZADD', u, 0, m)
  redis.call('ZADD', c, redis.call('INCR', p .. 'tn'), m)
  redis.call('SADD', b, k)
  for _, i in ipairs({u, c, b}) do keep(i, ms) end
end
local function remove(k, v)
  local u, c, b = indexes(v)
  local m = ends(v) .. k
  redis.call('ZREM', p .. 'tl', m)
  redis.call('ZREM', u, m)
  redis.call('ZREM', c, m)
  redis.call('SREM', b, k)
end
