-- Sends `requests` in turn, and prints one line of JSON about how that went. The script that includes this one
-- sets, as globals: `requests`; `pause`, milliseconds between two requests of one connection, or nil; and, where
-- an answer brings what a later request sends, `pattern`, which finds it, with `before` and `after` around it.
local waiting, nth = {}, 0

function init()
  for _, item in ipairs(requests) do
    if pattern then waiting[#waiting + 1] = item.body
    else item.whole = wrk.format(item.method, item.path, item.headers, item.body) end
  end
end

function request()
  nth = nth % #requests + 1
  local item = requests[nth]
  if not pattern then return item.whole end
  return wrk.format(item.method, item.path, item.headers, table.remove(waiting, 1))
end

if pause then
  function delay() return pause end
end

if pattern then -- else wrk need not keep what is answered
  function response(_, _, body)
    local found = body:match(pattern)
    if found then waiting[#waiting + 1] = before .. found .. after end
  end
end

function done(summary, latency)
  local failed = summary.errors
  io.write(string.format(
    '{"requests":%d,"seconds":%.6f,"p50":%.3f,"p99":%.3f,"refused":%d,"broken":%d}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    failed.status, failed.connect + failed.read + failed.write + failed.timeout))
end
