/** The scripts by which the copy of what is revoked is written in Redis: each checks first that the copy is still ours (redis-mirror.ts). */

/** How long what a write leaves lasts without the next, milliseconds. */
export const LIVE = 5000
/** A marker that is to last this long was written less than 2 s ago. */
const FRESH = 3000

const TIME = `local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)`

/** KEYS: marker, live; ARGV: the new one, how our last one began. Answers with Redis's time, or 0 if another server keeps the copy. */
export const BEGIN = `
${TIME}
local held = redis.call('GET', KEYS[1])
local left = redis.call('PTTL', KEYS[1])
if held and string.sub(held, 1, #ARGV[2]) ~= ARGV[2] and left > ${FRESH} and left <= ${LIVE} then return 0 end
if redis.call('PTTL', KEYS[2]) > ${LIVE} then redis.call('DEL', KEYS[2]) end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ${LIVE})
return now`

/**
 * KEYS: marker, live, entries…; ARGV: the marker, the next one, place, when `:live` ends, then a not-before and an end for each entry. Of
 * two writes for one key the later not-before and the later end hold.
 */
export const WRITE = `
${TIME}
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
for at = 3, #KEYS do
  local notBefore, ends = tonumber(ARGV[at * 2 - 1]), tonumber(ARGV[at * 2])
  local held = tonumber(redis.call('GET', KEYS[at]) or '-1')
  local until_ = redis.call('EXPIRETIME', KEYS[at])
  redis.call('SET', KEYS[at], math.max(notBefore, held), 'EXAT', math.max(ends, until_))
end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ${LIVE})
local ends = tonumber(ARGV[4])
if ARGV[3] ~= '' and ends > now and ends <= now + ${LIVE} then redis.call('SET', KEYS[2], ARGV[3], 'PXAT', ARGV[4]) end
return now`
