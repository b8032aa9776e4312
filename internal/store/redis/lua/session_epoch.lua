-- ARGV: prefix, before. Sets the epoch of everybody.
local epoch = redis.call('GET', p .. 'e')
if not epoch or epoch < ARGV[2] then redis.call('SET', p .. 'e', ARGV[2]) end
publish('g' .. ARGV[2])
return {}
