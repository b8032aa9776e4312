-- Counts failures. A counter's value, f:<key>: 1;window;slot;strikes;until;the
-- counts of 15 slots with commas;reservations as end:number with commas. Times are
-- milliseconds, ends of reservations seconds. fk:<pair> is when a source last
-- succeeded for an account.
-- ARGV: prefix, what (check, take, fail, end), now, end of a reservation (that
-- to make, or that to give back; or nothing), pair (or nothing), how long a
-- pair is known, which counters (k for those of a known pair, a for the
-- others, nothing when it is to be looked up), and of each counter: kind,
-- key, limit, window, delay, longest delay.
-- Kinds are s for a source, p for a known pair, a for an account, g for all.
local p, what, now, lease, pair = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4], ARGV[5]
local slots = 15

local function whole(n) return string.format('%.0f', n) end

local function load(k)
  local c = {window = 0, slot = 0, strikes = 0, till = 0, counts = {}, held = {}}
  for i = 1, slots do c.counts[i] = 0 end
  local v = redis.call('GET', k)
  if not v then return c end
  local window, slot, strikes, till, counts, held = string.match(v, '^1;(%d+);(%d+);(%d+);(%d+);([%d,]+);([%d,:]*)$')
  if not slot then return nil end
  c.window, c.slot, c.strikes, c.till = tonumber(window), tonumber(slot), tonumber(strikes), tonumber(till)
  local i = 0
  for n in string.gmatch(counts, '%d+') do
    i = i + 1
    c.counts[i] = tonumber(n)
  end
  if i ~= slots then return nil end
  for e, n in string.gmatch(held, '(%d+):(%d+)') do
    if tonumber(e) * 1000 > now then c.held[e] = tonumber(n) end
  end
  return c
end

local function running(c)
  local n = 0
  for _, h in pairs(c.held) do n = n + h end
  return n
end

local function sum(c)
  local n = 0
  for i = 1, slots do n = n + c.counts[i] end
  return n
end

-- turn forgets what is over by now. Time never runs backwards in a counter.
local function turn(c, r)
  if c.strikes > 0 and now >= c.till + r.window then c.strikes = 0 end
  local slot = math.floor(now * slots / r.window)
  if c.window ~= r.window then
    -- The rule was changed: what was counted counts as of now.
    local n = sum(c)
    for i = 1, slots do c.counts[i] = 0 end
    c.counts[slot % slots + 1] = n
    c.window, c.slot = r.window, slot
    return
  end
  if slot <= c.slot then return end
  if slot - c.slot >= slots then
    for i = 1, slots do c.counts[i] = 0 end
  else
    for n = c.slot + 1, slot do c.counts[n % slots + 1] = 0 end
  end
  c.slot = slot
end

-- wait is how long, and whether nothing but time ends it.
local function wait(c, r)
  local n = sum(c)
  if now < c.till then return c.till - now, 'h' end
  if c.strikes > 0 and running(c) > 0 then return math.min(1000, r.delay), 's' end
  if c.strikes == 0 and n > 0 and n + running(c) >= r.limit then return math.min(1000, r.delay), 's' end
  return 0, ''
end

local function count(c, r)
  local i = c.slot % slots + 1
  c.counts[i] = math.min(c.counts[i] + 1, 1000000)
  if c.strikes == 0 and sum(c) < r.limit then return end
  local delay = r.delay
  for _ = 1, c.strikes do
    if delay >= r.most then break end
    delay = delay * 2
  end
  c.strikes = math.min(c.strikes + 1, 255)
  c.till = math.max(c.till, now + math.min(delay, r.most))
end

local function save(k, c, r)
  local held = {}
  for e, n in pairs(c.held) do
    if n > 0 then held[#held + 1] = e .. ':' .. whole(n) end
  end
  if sum(c) == 0 and c.strikes == 0 and #held == 0 then
    redis.call('DEL', k)
    return
  end
  local counts = {}
  for i = 1, slots do counts[i] = whole(c.counts[i]) end
  local v = table.concat({'1', whole(c.window), whole(c.slot), whole(c.strikes), whole(c.till), table.concat(counts, ','), table.concat(held, ',')}, ';')
  redis.call('SET', k, v, 'PX', whole(math.max(c.till - now, 0) + r.window + 300000))
end

local mode = ARGV[7]
if mode == '' then
  mode = 'a'
  if pair ~= '' then
    local last = redis.call('GET', p .. 'fk:' .. pair)
    if last and now < tonumber(last) + tonumber(ARGV[6]) then mode = 'k' end
  end
end

local all = {}
for i = 8, #ARGV, 6 do
  local kind = ARGV[i]
  if kind == 's' or (kind == 'p') == (mode == 'k') then
    local r = {
      kind = kind, key = p .. 'f:' .. ARGV[i + 1], limit = tonumber(ARGV[i + 2]),
      window = tonumber(ARGV[i + 3]), delay = tonumber(ARGV[i + 4]), most = tonumber(ARGV[i + 5]),
    }
    local c = load(r.key)
    if not c then return {'broken'} end
    turn(c, r)
    all[#all + 1] = {r, c}
  end
end

if what == 'check' or what == 'take' then
  for _, one in ipairs(all) do
    local ms, how = wait(one[2], one[1])
    if ms > 0 then return {'wait', whole(ms), one[1].kind, how} end
  end
  if what == 'check' then return {'ok', mode} end
end
for _, one in ipairs(all) do
  local r, c = one[1], one[2]
  if what == 'take' then
    c.held[lease] = (c.held[lease] or 0) + 1
  elseif c.held[lease] then
    c.held[lease] = c.held[lease] - 1
  end
  if what == 'fail' then count(c, r) end
  save(r.key, c, r)
end
return {'ok', mode}
