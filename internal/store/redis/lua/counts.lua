-- ARGV: prefix, now. Returns how many sessions and how many pending logins end
-- later.
local p = ARGV[1]
local from = '(' .. ARGV[2] .. '~'
return {tostring(redis.call('ZLEXCOUNT', p .. 'se', from, '+')), tostring(redis.call('ZLEXCOUNT', p .. 'tl', from, '+'))}
