"""Programs that come the way people come: crawlers, link previews, uptime monitors, headless browsers.

Their events are accepted and logged with ``context.bot: true``, and go no further. The mark is set once, before the log: another version of
the list must not change what was decided of an event that is stitched again.

The list is crawler-user-agents (https://github.com/monperrus/crawler-user-agents), without its HTTP libraries (curl, okhttp, node-fetch): a
site's own proxy or an app carries their names, and a program that sends events on purpose is no visitor that was miscounted.
"""

import re
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Any

from ariane.events.model import Message, SourceKind
from ariane.events.sources import Source
from ariane.events.wire import Request

MOST_JUDGED = 250
"""Different user agents of one request: judging one takes longer than sending it. Those beyond count as people's."""
_LONGEST = 512
_LIBRARIES = "http-library"
_PEOPLES = frozenset({"GoogleImageProxy", "YahooMailProxy"})
"""Proxies of mailboxes: they fetch an image when somebody opens the mail."""
_LITERAL = re.compile(r"(?:[^\\^$.|?*+()\[\]{}]|\\\W)+")
_ESCAPED = re.compile(r"\\(\W)")


class BotWatch:
    """Judges the events of one request."""

    def __init__(self, source: Source, request: Request) -> None:
        """The request's own user agent is the visitor's where a browser sends: from a page, or for an image or a link (GET)."""
        is_visitors = source.kind is SourceKind.BROWSER or request.method == "GET"
        self._is_bots_request = is_visitors and is_bot(request.headers.get("user-agent", ""))
        self._is_stated_visitors = not source.kind.is_trusted
        self._judged: dict[str, bool] = {}

    def is_bots(self, message: Message) -> bool:
        """By the request, by the message's own word, or by the user agent that it forwards. A trusted source's may be that of the program
        that told it of an order: it says itself what is a bot's."""
        context: Mapping[str, Any] = message.get("context", {})
        if self._is_bots_request or context.get("bot") is True:
            return True
        stated = context.get("userAgent")
        return self._is_stated_visitors and isinstance(stated, str) and self._judge(stated)

    def _judge(self, user_agent: str) -> bool:
        if user_agent not in self._judged and len(self._judged) < MOST_JUDGED:
            self._judged[user_agent] = is_bot(user_agent)
        return self._judged.get(user_agent, False)


def is_bot(user_agent: str) -> bool:
    """No user agent at all is nobody's name."""
    return bool(user_agent) and _is_listed(user_agent[:_LONGEST])


@lru_cache(1024)
def _is_listed(user_agent: str) -> bool:
    names, patterns = _crawlers()
    return any(name in user_agent for name in names) or patterns.search(user_agent) is not None


@cache
def _crawlers() -> tuple[tuple[str, ...], re.Pattern[str]]:
    """Read when the first user agent comes. Nearly every pattern is plain text: looking for it costs a third of what one large expression
    of them all costs, and nothing to compile."""
    from crawleruseragents import CRAWLER_USER_AGENTS_DATA

    wanted = [str(entry["pattern"]) for entry in CRAWLER_USER_AGENTS_DATA if _LIBRARIES not in entry.get("tags", ())]
    plain = [pattern for pattern in wanted if _LITERAL.fullmatch(pattern)]
    others = [pattern for pattern in wanted if not _LITERAL.fullmatch(pattern)]
    names = {_ESCAPED.sub(r"\1", pattern) for pattern in plain} - _PEOPLES
    return tuple(sorted(names)), re.compile("|".join(f"(?:{pattern})" for pattern in others))
