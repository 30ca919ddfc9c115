"""The whole log, for whoever looks at everything that ever happened."""

import zlib
from collections.abc import Iterator

from ariane.adapters.aws.event_items import log_item_of
from ariane.adapters.aws.table_scan import TableScan
from ariane.events.model import LogItem


class DynamoLogScan:
    def __init__(self, scan: TableScan) -> None:
        self._scan = scan
        self.unreadable = 0
        """Items left out so far."""

    def items(self) -> Iterator[LogItem]:
        for attributes in self._scan.items():
            try:
                item = log_item_of(attributes)
            except (ValueError, KeyError, TypeError, AttributeError, zlib.error):
                self.unreadable += 1
                continue
            yield item
