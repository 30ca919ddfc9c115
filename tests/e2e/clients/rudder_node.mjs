// RudderStack's Node SDK. In, on standard input: {"host", "key", "gzip", "batches": [[{"method", "message"}]]}; out: {"version", "errors", "left"}.
// It sends its very first message alone, at once: the first batch is to have one.
import { json } from "node:stream/consumers";
import { createRequire } from "node:module";
import Analytics from "@rudderstack/rudder-sdk-node";

const { host, key, gzip, batches } = await json(process.stdin);
const { version } = createRequire(import.meta.url)("@rudderstack/rudder-sdk-node/package.json");
const errors = [];
const errorHandler = (error) => errors.push(String(error));
const analytics = new Analytics(key, { dataPlaneUrl: host, gzip, flushAt: 1000, flushInterval: 60_000, logLevel: "silent", errorHandler });

for (const batch of batches) {
  for (const { method, message } of batch) analytics[method](message);
  await analytics.flush();
}
process.stdout.write(JSON.stringify({ version, errors, left: analytics.queue.length }));
