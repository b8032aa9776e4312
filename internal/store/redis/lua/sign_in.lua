-- A code's value: '1', state (1: l for live, d for dead), user (32), issued
-- (16), ends (16), sealed. d may be set without the sealed part knowing it.
-- c:<code> is the value, ce all codes by when a sweep may have them, and
-- cu:<user> the live ones of a user in the order of insertion.
local p = ARGV[1]
local function state(v) return string.sub(v, 2, 2) end
local function user(v) return p .. 'cu:' .. string.sub(v, 3, 34) end
local function issued(v) return string.sub(v, 35, 50) end
local function ends(v) return string.sub(v, 51, 66) end
local function due(v)
  if state(v) == 'd' then return '0000000000000000' end
  return ends(v)
end
local function remove(k, v)
  redis.call('ZREM', p .. 'ce', due(v) .. k)
  redis.call('ZREM', user(v), issued(v) .. k)
end
local function add(k, v, ms)
  redis.call('ZADD', p .. 'ce', 0, due(v) .. k)
  if state(v) ~= 'l' then return end
  redis.call('ZADD', user(v), redis.call('INCR', p .. 'cn'), issued(v) .. k)
  if redis.call('PTTL', user(v)) < ms then redis.call('PEXPIRE', user(v), ms) end
end
