"""Stands between our code and its ports: every call of an adapter goes through one function of the test's, which may let it be, do it
twice, fail it, or end the process around it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from inspect import isgeneratorfunction
from itertools import islice
from typing import Any


class Killed(BaseException):
    """The process ended: nothing of ours catches it."""


@dataclass(frozen=True, slots=True)
class Call:
    worker: str
    port: str
    method: str
    number: int
    """Counts the calls of the whole run, of every worker, from 0."""

    def __str__(self) -> str:
        return f"#{self.number} {self.worker + ' ' if self.worker else ''}{self.port}.{self.method}"


END = object()
"""What a page that is not there reads as, to ``around``."""


@dataclass(frozen=True, slots=True)
class Perform:
    """The real call. Called, it does what was asked; a fault may also look at what that is and do it otherwise."""

    port: Any
    """The real one, without a shim."""
    method: Callable[..., Any]
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    page: int | None = None
    """The place of this page, from 0, where a method reads page by page; None for any other call."""
    read: Callable[[], Any] | None = None
    """What reads that page."""

    def __call__(self) -> Any:
        return self.read() if self.read else self.method(*self.args, **self.kwargs)

    def with_first(self, first: Any) -> Any:
        """Does it with another first argument."""
        return self.method(first, *self.args[1:], **self.kwargs)

    def on(self, port: Any) -> Any:
        """Asks the same of another port, which is left as it is."""
        answer = getattr(port, self.method.__name__)(*self.args, **self.kwargs)
        return answer if self.page is None else next(islice(answer, self.page, None), END)


type Around = Callable[[Call, Perform], Any]
"""Given a call and the means to perform it: not at all, once or twice. What it returns is what the caller gets. To most the
means are but a ``Callable[[], Any]``."""


class Shim:
    def __init__(self, around: Around) -> None:
        self._around = around
        self.calls: list[Call] = []

    def wrap(self, name: str, port: Any, *, worker: str = "") -> Any:
        """``port`` with ``around`` about each call of a method, or of itself where it is a function. Attributes pass through. Of a method
        that reads page by page each page is a call, and the end of the pages too."""
        return _Proxy(self, name, port, worker)

    def through(self, worker: str, port: str, method: str, perform: Perform) -> Any:
        call = Call(worker, port, method, len(self.calls))
        self.calls.append(call)
        return self._around(call, perform)


class _Proxy:
    __slots__ = ("_name", "_port", "_shim", "_worker")

    def __init__(self, shim: Shim, name: str, port: Any, worker: str) -> None:
        for slot, value in zip(self.__slots__, (name, port, shim, worker), strict=True):
            object.__setattr__(self, slot, value)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self._port, name, value)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._shim.through(self._worker, self._name, "__call__", Perform(self._port, self._port, args, kwargs))

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._port, name)
        if not callable(value):
            return value

        def call(*args: Any, **kwargs: Any) -> Any:
            perform = Perform(self._port, value, args, kwargs)
            # A generator does nothing before its first page is asked for.
            result = perform() if isgeneratorfunction(value) else self._shim.through(self._worker, self._name, name, perform)
            is_paged = isinstance(result, Iterator)
            return _Pages(result, lambda page: self._shim.through(self._worker, self._name, name, page), perform) if is_paged else result

        return call


class _Pages:
    """Each page is read once, however often ``around`` performs it: to read a page again gives the same page. After a failure there is no
    other page, as with a generator that raised."""

    def __init__(self, pages: Iterator[Any], through: Callable[[Perform], Any], asked: Perform) -> None:
        self._pages = pages
        self._through = through
        self._asked = asked
        self._count = 0
        self._is_over = False

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        if self._is_over:
            raise StopIteration
        self._is_over = True
        page = self._through(replace(self._asked, page=self._count, read=cache(lambda: next(self._pages, END))))
        if page is END:
            raise StopIteration
        self._is_over = False
        self._count += 1
        return page
