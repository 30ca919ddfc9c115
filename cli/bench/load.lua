-- What wrk sends: batches of track events with ids of their own, by a fixed number of people in turn.
-- Arguments: run, base64 of "write key:", people, events a batch, first moment in seconds.

local made = 0

function setup(thread)
  made = made + 1
  thread:set("number", made)
end

function init(arguments)
  run, people, size, moment = arguments[1], tonumber(arguments[3]), tonumber(arguments[4]), tonumber(arguments[5])
  headers = { ["Content-Type"] = "application/json", ["Authorization"] = "Basic " .. arguments[2] }
  sent = 0
end

local function event(place, person)
  local milliseconds = sent * 20 + place
  local at = os.date("!%Y-%m-%dT%H:%M:%S", moment + math.floor(milliseconds / 1000))
  local id = table.concat({ run, number, sent, place }, "-")
  return string.format(
    '{"type":"track","event":"Product Viewed","messageId":"%s","anonymousId":"load-%s-%d","timestamp":"%s.%03dZ",'
      .. '"properties":{"product_id":"P%d","name":"Robe","price":49.9,"currency":"EUR","url":"https://shop.example/p/%d"},'
      .. '"context":{"library":{"name":"load","version":"1"},"locale":"fr-FR","timezone":"Europe/Paris"}}',
    id, run, person, at, milliseconds % 1000, place, place
  )
end

function request()
  sent = sent + 1
  local person = (sent * made + number) % people
  local batch = {}
  for place = 1, size do
    batch[place] = event(place, person)
  end
  return wrk.format("POST", "/v1/batch", headers, '{"batch":[' .. table.concat(batch, ",") .. "]}")
end

function done(summary, latency, requests)
  io.write(string.format(
    '\n{"requests":%d,"seconds":%.2f,"not_200":%d,"broken":%d,"p50_ms":%.1f,"p99_ms":%.1f}\n',
    summary.requests, summary.duration / 1e6, summary.errors.status,
    summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000
  ))
end
