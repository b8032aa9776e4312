-- ARGV: prefix, key.
local v = redis.call('GET', ARGV[1] .. ARGV[2])
if not v then return {} end
return {v}
