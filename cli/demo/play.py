"""Plays a story against a running stack: through real SDKs and plain HTTP on one side, the public API and the mailboxes on the other."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from cli import mailbox
from cli.demo.clients import Browser, Service, Site, link_in
from cli.demo.story import Act, AwaitMessage, AwaitProfile, Chapter, Customer, FollowAd, LoadPixel, LogIn, OpenMailLink, Tell
from cli.failures import CommandFailed
from cli.local.home import Home, Stack
from cli.mailbox import Mail
from cli.profile_api import ProfileApi
from cli.waiting import wait_for


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Where the day is played."""

    home: Home
    stack: Stack
    api: ProfileApi
    sign_link: Callable[[str, Mapping[str, Any]], str]
    """(target, properties) -> address of the click redirect."""


class Play:
    """One customer's day. ``perform`` its chapters in order."""

    def __init__(self, stage: Stage, customer: Customer) -> None:
        self._stage = stage
        self.customer = customer
        self._read_messages: Counter[str] = Counter()
        self._site = Site(stage.stack.collect_url, stage.stack.write_keys["browser"])
        self._backend = Service(stage.stack.collect_url, stage.stack.write_keys["server"])
        self._till = Service(stage.stack.collect_url, stage.stack.write_keys["store"])
        self._browser = self._new_browser()

    def perform(self, chapter: Chapter) -> None:
        """Every SDK's queue is empty and every awaited state is there on return. Raises StateMissing naming the one that did not come."""
        for act in chapter.acts:
            self._act(act)
        self._flush()

    def mails(self) -> list[Mail]:
        """What lies in the customer's mailboxes."""
        return mailbox.addressed_to(mailbox.read(self._stage.home), self.customer.email, self.customer.phone)

    def close(self) -> None:
        self._site.close()
        self._backend.close()
        self._till.close()
        self._browser.close()

    def _act(self, act: Act) -> None:
        match act:
            case Tell():
                self._tell(act)
            case FollowAd():
                self._browser.follow(self._stage.sign_link(act.target, act.properties))
            case LoadPixel():
                self._browser.load_pixel(act.event, act.properties)
            case OpenMailLink():
                self._open_mail_link()
            case LogIn():
                self._browser.user_id = act.user_id
                self._site.tell("identify", self._browser.ids())
            case AwaitMessage() | AwaitProfile():
                self._await(act)

    def _tell(self, act: Tell) -> None:
        """SDKs of different programs queue on their own; what one is told after another must also leave after it."""
        if act.source == "site":
            self._site.tell(act.method, {**act.arguments, **self._browser.ids()})
            return
        self._site.flush()
        service = self._backend if act.source == "backend" else self._till
        service.tell(act.method, act.arguments)

    def _open_mail_link(self) -> None:
        newest = [mail for mail in self.mails() if mail.channel == "email"][-1]
        self._browser.close()
        self._browser = self._new_browser()
        self._browser.follow(link_in(newest.html))

    def _await(self, act: AwaitMessage | AwaitProfile) -> None:
        self._flush()
        match act:
            case AwaitMessage():
                self._read_messages[act.channel] += 1
                wait_for(f"{act.what} in the mailbox ({act.channel})", lambda: self._has_messages(act.channel))
            case AwaitProfile():
                wait_for(f"{act.what} (profile of {act.identifier})", lambda: self._shows(act))

    def _has_messages(self, channel: str) -> bool | None:
        there = sum(mail.channel == channel for mail in self.mails())
        return there >= self._read_messages[channel] or None

    def _shows(self, wanted: AwaitProfile) -> bool | None:
        profile = self._stage.api.find_profile(wanted.identifier)
        return (profile is not None and is_as_wanted(profile, self._stage.api.timeline(wanted.identifier), wanted)) or None

    def _flush(self) -> None:
        self._site.flush()
        self._backend.flush()
        self._till.flush()

    def _new_browser(self) -> Browser:
        return Browser(self._stage.stack.collect_url, self._stage.stack.write_keys["browser"])


def is_as_wanted(profile: Mapping[str, Any], timeline: list[dict[str, Any]], wanted: AwaitProfile) -> bool:
    identifiers = {f"{each['type']}:{each['value']}" for each in profile["identifiers"]}
    counts = Counter(entry.get("event") for entry in timeline)
    segments = {each["name"] for each in profile["segments"]}
    return (
        identifiers.issuperset(wanted.identifiers)
        and segments.issuperset(wanted.segments)
        and segments.isdisjoint(wanted.left)
        and _has(profile["traits"], wanted.traits)
        and _has({**profile["computed"], "lifecycle": profile["lifecycle"]}, wanted.computed)
        and all(counts[name] >= count for name, count in wanted.events.items())
    )


def _has(values: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    return all(values.get(name) == value for name, value in wanted.items())


@contextmanager
def playing(stage: Stage, customer: Customer) -> Iterator[Play]:
    if missing := {"browser", "server", "store"} - set(stage.stack.write_keys):
        raise CommandFailed(f"the demo day needs a source of each of these kinds in brand/sources.yaml: {', '.join(sorted(missing))}")
    play = Play(stage, customer)
    try:
        yield play
    finally:
        play.close()
