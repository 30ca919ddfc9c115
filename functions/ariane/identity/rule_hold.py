"""Who carries a change of rules out: one process at a time, and soon another one where that one is gone.

Whoever holds the change writes its state under the version that was read: one that was overtaken without knowing, because it slept or was
cut off, finds its version gone and stops. It stops too where other rules were published than those that it applies.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import timedelta

from ariane.errors import ArianeError, Conflict, Retryable
from ariane.identity.rule_ports import Published, ReplayState, ReplayStates
from ariane.instants import Clock, format_instant

LEASE = timedelta(minutes=5)
"""After so long without a word a process is taken to be gone."""
_SAY_EVERY = timedelta(minutes=1)
_ATTEMPTS = 4


class Hold:
    def __init__(self, states: ReplayStates, state: ReplayState, *, holder: str, clock: Clock, published: Published) -> None:
        self._states = states
        self._holder = holder
        self._clock = clock
        self._published = published
        self._said_at = clock()
        self.state = state
        """As it is stored."""

    def save(self, state: ReplayState) -> None:
        """Raises Conflict (``replay_overtaken``), Retryable."""
        self._said_at = self._clock()
        self._write(replace(state, held_by=self._holder, held_until=self._said_at + LEASE))

    def beat(self) -> None:
        """Now and then, while nothing else is saved. Raises as ``confirm``."""
        if self._clock() - self._said_at >= _SAY_EVERY:
            self.confirm()

    def beating[Each](self, rows: Iterable[Each]) -> Iterator[Each]:
        for row in rows:
            self.beat()
            yield row

    def confirm(self) -> None:
        """That it is still ours to carry out. Raises Conflict (``rules_changed``, ``replay_overtaken``), Retryable."""
        expect_published(self._published, self.state.after)
        self.save(self.state)

    @contextmanager
    def released_if_it_fails(self) -> Iterator[None]:
        try:
            yield
        except (Exception, KeyboardInterrupt, SystemExit):
            self.release()
            raise

    def release(self) -> None:
        """So that the next one need not wait until it is sure that this one is gone. What fails is left to time."""
        with suppress(ArianeError):
            self._write(replace(self.state, held_by="", held_until=None))

    def _write(self, wanted: ReplayState) -> None:
        """Where the answer to an earlier write was lost, that one, or this one itself, is in the way."""
        for _ in range(_ATTEMPTS):
            saved = replace(wanted, version=wanted.version + 1)
            try:
                self._states.save(wanted)
            except Conflict:
                stored = self._states.latest()
                if stored != saved:
                    if stored is None or stored.held_by != self._holder or stored.rows != wanted.rows:
                        raise overtaken(stored) from None
                    wanted = replace(wanted, version=stored.version)
                    continue
            self.state = saved
            return
        raise Retryable("replay_contended", "the state of the change of rules cannot be written")


def expect_free(state: ReplayState | None, *, holder: str, clock: Clock) -> None:
    """Raises Conflict (``replay_held``) where somebody else is at work."""
    if state is None or state.ended_at is not None or state.held_until is None or state.held_by == holder or state.held_until <= clock():
        return
    raise Conflict(
        "replay_held",
        f"{state.held_by} applies identity rules since {_minute(state)} (rules {state.digest[:12]}): wait until that has ended. If that"
        f" process is gone, start again after {state.held_until:%H:%M:%S} UTC, or at once with --take-over",
    )


def expect_published(published: Published, after: object) -> None:
    """Raises Conflict (``rules_changed``)."""
    if published() != after:
        raise Conflict("rules_changed", "other identity rules are published by now than those that are applied: start again to apply those")


def overtaken(state: ReplayState | None) -> Conflict:
    who = "somebody else" if state is None or not state.held_by else state.held_by
    since = "" if state is None else f", since {_minute(state)} (rules {state.digest[:12]})"
    return Conflict("replay_overtaken", f"{who} applies identity rules now{since}: this process stops, and what it did stays")


def _minute(state: ReplayState) -> str:
    return format_instant(state.began_at)[:16].replace("T", " ") + " UTC"
