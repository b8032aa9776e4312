-- ARGV: prefix, key, old, new, what to publish (or nothing). One value takes
-- the place of another that is still the one that was read.
local k = ARGV[1] .. ARGV[2]
local v = redis.call('GET', k)
if not v then return {'gone'} end
if v ~= ARGV[3] then return {'changed', v} end
redis.call('SET', k, ARGV[4], 'KEEPTTL')
if ARGV[5] and ARGV[5] ~= '' then redis.call('PUBLISH', ARGV[1] .. 'events', ARGV[5]) end
return {'ok'}
