-- wrk script: how requests are sent and how the result is told.
-- Usage: wrk -s load.lua URL -- DEPTH      DEPTH requests are written at once; 1 is no pipelining.

function init(args)
  local depth = tonumber(args[1])
  if depth > 1 then
    local one = wrk.format()
    local batch = string.rep(one, depth)
    -- wrk looks for this global after init; without it, it repeats one fixed request, which costs it less.
    request = function() return batch end
  end
end

-- One line of JSON with exact numbers: wrk's own text rounds them.
function done(summary, latency, requests)
  local e = summary.errors
  print(string.format(
    'RESULT {"requests": %d, "duration_us": %d, "p50_us": %d, "p99_us": %d, "errors": %d}',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    e.connect + e.read + e.write + e.status + e.timeout))
end
