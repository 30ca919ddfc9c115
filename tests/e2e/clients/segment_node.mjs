// Segment's Node SDK. In, on standard input: {"host", "key", "batches": [[{"method", "message"}]]}; out: {"version", "errors", "left"}.
import { json } from "node:stream/consumers";
import { createRequire } from "node:module";
import { Analytics } from "@segment/analytics-node";

const { host, key, batches } = await json(process.stdin);
const { version } = createRequire(import.meta.url)("@segment/analytics-node/package.json");
const errors = [];
const analytics = new Analytics({ host, writeKey: key, flushAt: 1000, flushInterval: 60_000 });
analytics.on("error", (error) => errors.push(String(error.code ?? error.reason ?? error)));
// Every call is told by its callback what became of it: without an error it was answered.
let left = 0;

for (const batch of batches) {
  for (const { method, message } of batch) {
    left += 1;
    analytics[method](message, () => (left -= 1));
  }
  await analytics.flush();
}
await analytics.closeAndFlush();
process.stdout.write(JSON.stringify({ version, errors, left }));
