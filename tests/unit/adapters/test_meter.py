from io import StringIO

import orjson

from ariane.adapters.aws.meter import EmbeddedMeter
from tests.builders.events import RECEIVED


def test_a_count_is_one_line_that_cloudwatch_reads_as_a_metric() -> None:
    stream = StringIO()

    EmbeddedMeter(stream, clock=lambda: RECEIVED, stage="dev").count("EventsRejected", 3, Source="site")

    (line,) = stream.getvalue().splitlines()
    document = orjson.loads(line)
    assert (document["EventsRejected"], document["Stage"], document["Source"]) == (3, "dev", "site")
    assert document["_aws"]["Timestamp"] == int(RECEIVED.timestamp() * 1000)
    (metrics,) = document["_aws"]["CloudWatchMetrics"]
    assert metrics == {"Namespace": "Ariane", "Dimensions": [["Stage", "Source"]], "Metrics": [{"Name": "EventsRejected", "Unit": "Count"}]}
