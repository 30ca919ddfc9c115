"""Metrics as CloudWatch's embedded metric format: a line on stdout, free of calls.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

from typing import TextIO

import orjson

from ariane.instants import Clock, to_millis

_NAMESPACE = "Ariane"


class EmbeddedMeter:
    def __init__(self, stream: TextIO, *, clock: Clock) -> None:
        self._stream = stream
        self._clock = clock

    def count(self, name: str, value: int = 1, **dimensions: str) -> None:
        directive = {"Namespace": _NAMESPACE, "Dimensions": [list(dimensions)], "Metrics": [{"Name": name, "Unit": "Count"}]}
        line = {"_aws": {"Timestamp": to_millis(self._clock()), "CloudWatchMetrics": [directive]}, **dimensions, name: value}
        self._stream.write(orjson.dumps(line).decode() + "\n")
        self._stream.flush()
