"""Bounds of the product, lowered for one run: a few events of a simulated shop are then too much for an event to wait for."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from ariane.identity import linking
from ariane.identity.linking import Linker
from ariane.identity.operating import Operator
from ariane.profiles.refolding import needs_background


@contextmanager
def bounded(*, assertions: int | None = None, refolds: int | None = None, tries: int | None = None) -> Iterator[None]:
    """``assertions`` of a cluster, above which it waits for the background; ``refolds``: events that are folded again at once;
    ``tries`` to link an event that others stand in the way of."""
    every: dict[Any, dict[str, Any]] = {Linker.__init__: {}, Operator.__init__: {}, needs_background: {}}
    if assertions is not None:
        every[Linker.__init__] = every[Operator.__init__] = {"bound": assertions}
    if refolds is not None:
        every[needs_background] = {"most": refolds}
    (one, two, three) = (patch.dict(function.__kwdefaults__, changed) for function, changed in every.items())
    with one, two, three, patch.object(linking, "_ATTEMPTS", tries or linking._ATTEMPTS):
        yield
