"""What functions print is what CloudWatch Logs takes in."""

import io

from cli.bench.units import Bill, Unit

LOG_EVENT_BYTES = 26
"""CloudWatch Logs adds them to each event. https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html"""


class Printed(io.TextIOBase):
    """One for the process: loggers keep the stream that they found first."""

    _one: "Printed | None" = None

    def __init__(self) -> None:
        self._bill = Bill()

    @classmethod
    def to(cls, bill: Bill) -> "Printed":
        cls._one = cls._one or cls()
        cls._one._bill = bill
        return cls._one

    def writable(self) -> bool:
        return True

    def write(self, text: str, /) -> int:
        self._bill.add(Unit.LOG_BYTE, len(text.encode()) + LOG_EVENT_BYTES * text.count("\n"), what="function log")
        return len(text)
