-- A session's value: '1', user (32), kind (1), created (16), ends (16), sealed.
-- s:<key> is the value, su:<user> the set of the user's keys, se all keys by
-- their end, x:<key> the mark of an ended session, e and eu:<user> the epochs.
local p = ARGV[1]
local function user(v) return string.sub(v, 2, 33) end
local function kind(v) return string.sub(v, 34, 34) end
local function created(v) return string.sub(v, 35, 50) end
local function ends(v) return string.sub(v, 51, 66) end
local function publish(m) redis.call('PUBLISH', p .. 'events', m) end
-- Deletes before it writes: the former is allowed when the memory is full.
local function remove(k, v, grave)
  redis.call('DEL', p .. 's:' .. k)
  redis.call('SREM', p .. 'su:' .. user(v), k)
  redis.call('ZREM', p .. 'se', ends(v) .. k)
  if grave then redis.call('SET', p .. 'x:' .. k, '', 'PX', grave) end
end
local function announce(gone)
  if #gone > 0 then publish('d' .. table.concat(gone)) end
end
