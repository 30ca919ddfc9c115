"""Bounds of the product, lowered for one run: a few events of a simulated shop are then too much for an event to wait for."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any
from unittest.mock import patch

from ariane.identity import linking, shapes
from ariane.identity.linking import Linker
from ariane.identity.operating import Operator
from ariane.profiles import reach, sealing, waking
from ariane.profiles.refolding import needs_background


@contextmanager
def crowded() -> Iterator[None]:
    """A handful of identifiers is very many."""
    with (
        patch.multiple(shapes, SMALL=0, MOST_READ_APART=2, _EVERY=1),
        patch.object(reach, "MOST_READ_APART", 2),
        patch.object(sealing, "KEPT_AWAKE", 1),
        patch.multiple(waking, MOST_AWAKE=1, _EVERY=1),
    ):
        yield


@contextmanager
def bounded(
    *, assertions: int | None = None, refolds: int | None = None, tries: int | None = None, is_crowded: bool = False
) -> Iterator[None]:
    """``assertions`` of a cluster, above which it waits for the background; ``refolds``: events that are folded again at once;
    ``tries`` to link an event that others stand in the way of; ``is_crowded``: who has a few identifiers has his devices summed up."""
    every: dict[Any, dict[str, Any]] = {Linker.__init__: {}, Operator.__init__: {}, needs_background: {}}
    if assertions is not None:
        every[Linker.__init__] = every[Operator.__init__] = {"bound": assertions}
    if refolds is not None:
        every[needs_background] = {"most": refolds}
    (one, two, three) = (patch.dict(function.__kwdefaults__, changed) for function, changed in every.items())
    with crowded() if is_crowded else nullcontext(), one, two, three, patch.object(linking, "_ATTEMPTS", tries or linking._ATTEMPTS):
        yield
