-- ARGV: prefix, name, old (or nothing), new (or nothing), ms to keep it. One
-- value takes the place of another that is still the one that was read;
-- nothing stands for none.
local k = ARGV[1] .. 'h:' .. ARGV[2]
local v = redis.call('GET', k) or ''
if v ~= ARGV[3] then return {'changed', v} end
if ARGV[4] == '' then
  redis.call('DEL', k)
else
  redis.call('SET', k, ARGV[4], 'PX', ARGV[5])
end
return {'ok'}
