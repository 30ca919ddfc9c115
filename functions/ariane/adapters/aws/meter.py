"""Metrics as CloudWatch's embedded metric format: a line on stdout, free of calls.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

from typing import TextIO

import orjson

from ariane.instants import Clock, to_millis

_NAMESPACE = "Ariane"


class EmbeddedMeter:
    """Every metric has the dimension ``Stage``: stages of one account would otherwise add up to one number."""

    def __init__(self, stream: TextIO, *, clock: Clock, stage: str) -> None:
        self._stream = stream
        self._clock = clock
        self._stage = stage

    def count(self, name: str, value: int = 1, **dimensions: str) -> None:
        values = {"Stage": self._stage, **dimensions}
        directive = {"Namespace": _NAMESPACE, "Dimensions": [list(values)], "Metrics": [{"Name": name, "Unit": "Count"}]}
        line = {"_aws": {"Timestamp": to_millis(self._clock()), "CloudWatchMetrics": [directive]}, **values, name: value}
        self._stream.write(orjson.dumps(line).decode() + "\n")
        self._stream.flush()
