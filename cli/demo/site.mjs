// The shop's web site, as Segment's own Node SDK sees it. One JSON command a line on standard input, one answer a line on standard output:
//   {"method": "track" | "page" | "identify", "message": {…}}   -> {"queued": true}
//   {"method": "flush"}                                         -> {"flushed": true, "errors": [...]}, once the queue is empty
import { createInterface } from "node:readline";
import { Analytics } from "@segment/analytics-node";

const [host, writeKey] = process.argv.slice(2);
const errors = [];
const analytics = new Analytics({ host, writeKey, flushInterval: 250 });
analytics.on("error", (error) => errors.push(String(error.code ?? error.reason ?? error)));

const answer = (value) => process.stdout.write(JSON.stringify(value) + "\n");

for await (const line of createInterface({ input: process.stdin })) {
  const { method, message } = JSON.parse(line);
  if (method === "flush") {
    await analytics.flush();
    answer({ flushed: true, errors: errors.splice(0) });
  } else {
    analytics[method](message);
    answer({ queued: true });
  }
}
await analytics.closeAndFlush();
