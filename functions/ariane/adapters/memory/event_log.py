from dataclasses import replace

from ariane.adapters.memory.event_history import MemoryEventHistory
from ariane.events.model import LogItem
from ariane.events.packing import pack


class MemoryEventLog(MemoryEventHistory):
    """The append side, which remembers what it was given: ``EventLog`` and ``EventHistory`` in one."""

    def append(self, item: LogItem) -> bool:
        key = (item.person_id, item.sort)
        if key in self._items:
            return False
        self._items[key] = (replace(item, messages=()), pack(item.messages))
        return True
