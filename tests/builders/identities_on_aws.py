"""The part of a day on AWS in which people turn out to be others than was thought: shared devices, contested contacts, splits by hand."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import orjson

from ariane.errors import Conflict
from ariane.instants import format_instant, utc_now
from tests.builders.aws_calls import never

if TYPE_CHECKING:
    from tests.builders.a_day_on_aws import Day

_BROWSERS = 40
"""More than one commit can move."""
_FORGOTTEN = 45
"""More events than a fragment remembers: nobody can tell which of them were counted."""


def part_people(day: "Day") -> None:
    _stand_in_the_way(day)
    _share_a_device(day)
    _contest_a_contact(day)
    _part_many(day)
    _give_events_to_another(day)
    _sum_up_many_devices(day)
    _ask_about_devices_at_rest(day)


def _stand_in_the_way(day: "Day") -> None:
    """Somebody else is faster at each attempt: the link is made later, by the queue."""
    day.send("backend", _identify("contended", utc_now(), 0, userId="u27", traits={"email": "u27@shop.example"}))
    overtaken = Conflict("identity_changed", "an identity was changed meanwhile")
    day.stack.recorder.fails = lambda *asked: overtaken if asked == ("dynamodb", "TransactWriteItems") else None
    day.stitch_what_came()
    day.stack.recorder.fails = never
    assert len(day.api("/v1/profiles/user_id:u27")["identifiers"]) == 1
    asked = day.stack.received("REPLAY_QUEUE_URL")
    assert asked
    assert day.stack.deliver("stitch", *asked) == []
    assert len(day.api("/v1/profiles/user_id:u27")["identifiers"]) == 2


def _share_a_device(day: "Day") -> None:
    """What it did from the second login on is nobody's, a consent too."""
    began = utc_now() - timedelta(hours=2)
    device = [_track(f"d{number}", began, number, anonymousId="a20") for number in range(_FORGOTTEN)]
    consent = _track("d-consent", began, 50, "Consent Granted", anonymousId="a20", properties={"topic": "offers", "channel": "push"})
    day.send("web", *device, consent)
    day.stitch_what_came()
    for second, user in enumerate(("u20", "u21")):
        day.send("backend", _identify(f"login-{user}", began, second, userId=user, anonymousId="a20"))
    day.stitch_what_came()


def _contest_a_contact(day: "Day") -> None:
    """Two accounts have one address: who named it first has it, also where that is heard last."""
    began = utc_now() - timedelta(hours=1)
    for second, user in ((10, "u22"), (20, "u23")):
        day.send("backend", _identify(f"has-{user}", began, second, userId=user, traits={"email": "both@shop.example"}))
    _contest(day, "third", began, second=30, phone="+33611111111")
    day.stitch_what_came()
    _contest(day, "late", began, second=0)
    day.stitch_what_came()


def _contest(day: "Day", message_id: str, began: datetime, *, second: int, **traits: str) -> None:
    day.send("backend", _identify(message_id, began, second, userId="u23", traits={"email": "both@shop.example", **traits}))


def _part_many(day: "Day") -> None:
    """Too many to be moved while somebody waits, and an event comes before the background has."""
    browsers = [f"anonymous_id:b{number}" for number in range(_BROWSERS)]
    for browser in browsers:
        day.send("backend", _identify(f"in-{browser}", utc_now(), 0, userId="u25", anonymousId=browser.partition(":")[2]))
    day.stitch_what_came()
    _unmerge(day, "user_id:u25", browsers)
    day.send("backend", _identify("meanwhile", utc_now(), 0, userId="u25", traits={"email": "u25@shop.example"}))
    day.stitch_what_came()
    assert len(_identifiers(day, "user_id:u25")) == 1 + _BROWSERS, "until the background has"
    _take_jobs(day)
    assert _identifiers(day, "user_id:u25") == {"user_id:u25", "email:u25@shop.example"}
    assert _identifiers(day, "anonymous_id:b7") == {"anonymous_id:b7"}


def _give_events_to_another(day: "Day") -> None:
    """Events that name both sides are the address's from now on; they are folded again, and so is the consent among them."""
    began = utc_now() - timedelta(hours=1)
    both: dict[str, Any] = {"userId": "u26", "context": {"externalIds": [{"type": "email", "id": "u26@shop.example"}]}}
    day.send("backend", *(_track(f"both{number}", began, number, **both) for number in range(_FORGOTTEN)))
    day.send("backend", _track("both-consent", began, 60, "Consent Granted", properties={"topic": "offers", "channel": "push"}, **both))
    day.stitch_what_came()
    _unmerge(day, "user_id:u26", ["email:u26@shop.example"], events_to="these")
    assert _consents(day, "user_id:u26")
    _take_jobs(day)
    assert not _consents(day, "user_id:u26")
    assert _consents(day, "email:u26@shop.example")


def _sum_up_many_devices(day: "Day") -> None:
    """They are, and again after a second account signed in on one of them, and after another turned out to be somebody else's."""
    browsers = [f"r{number}" for number in range(_BROWSERS)]
    for browser in browsers:
        day.send("backend", _track(f"seen-{browser}", utc_now(), 0, anonymousId=browser))
        day.send("backend", _identify(f"in-{browser}", utc_now(), 0, userId="u30", anonymousId=browser))
    day.stitch_what_came()
    _take_jobs(day)
    day.send("backend", *(_track(f"woken-{browser}", utc_now(), 1, anonymousId=browser) for browser in browsers[:12]))
    day.send("backend", _identify("shared", utc_now() - timedelta(minutes=1), 0, userId="u31", anonymousId=browsers[20]))
    day.stitch_what_came()
    _take_jobs(day)
    _unmerge(day, "user_id:u30", [f"anonymous_id:{browsers[25]}"], events_to="these")
    _take_jobs(day)
    assert f"anonymous_id:{browsers[25]}" not in _identifiers(day, "user_id:u30")


def _ask_about_devices_at_rest(day: "Day") -> None:
    """An entry and a message that come again when those whose they were are at rest."""
    entries = [_join_anonymously(day, browser) for browser in ("w0", "w1")]
    requests = day.stack.received("SEND_QUEUE_URL")
    assert day.stack.deliver("send", *requests) == []
    for number in range(_BROWSERS):
        day.send("backend", _identify(f"in-w{number}", utc_now(), 0, userId="u32", anonymousId=f"w{number}"))
    for number in range(10, 20):
        day.send("backend", _track(f"later-w{number}", utc_now(), 1, anonymousId=f"w{number}"))
    day.stitch_what_came()
    _take_jobs(day)
    assert day.api("/v1/profiles/user_id:u32")["more_devices"] > 2
    assert day.stack.deliver("journey", entries[0]) == []
    other = orjson.loads(entries[1])["fact"]["profile"]
    again = [each for each in requests if orjson.loads(each)["profile"] == other]
    assert again
    assert day.stack.deliver("send", *again) == []
    day.stack.received("JOURNEY_QUEUE_URL")


def _join_anonymously(day: "Day", browser: str) -> str:
    day.send("backend", _track(f"joins-{browser}", utc_now(), 0, "Loyalty Joined", anonymousId=browser))
    body = orjson.dumps({"kind": "entry", "journey": "loyalty-welcome", "fact": day.stitch_what_came()["Loyalty Joined"]}).decode()
    assert day.stack.deliver("journey", body) == []
    return body


def _identifiers(day: "Day", identifier: str) -> set[str]:
    return {f"{each['type']}:{each['value']}" for each in day.api(f"/v1/profiles/{identifier}")["identifiers"]}


def _consents(day: "Day", identifier: str) -> list[Any]:
    found: list[Any] = day.api(f"/v1/profiles/{identifier}")["consents"]
    return found


def _take_jobs(day: "Day") -> None:
    """Until none leaves another. At first the tables are throttled, and they are all put back."""
    jobs = day.stack.received("RESOLVE_QUEUE_URL")
    assert jobs
    day.throttle("dynamodb", "BatchGetItem")
    assert day.stack.deliver("resolve", *jobs) == []
    day.stack.recorder.fails = never
    jobs = day.stack.received("RESOLVE_QUEUE_URL")
    assert jobs
    while jobs:
        assert day.stack.deliver("resolve", *jobs) == []
        jobs = day.stack.received("RESOLVE_QUEUE_URL")


def _unmerge(day: "Day", user: str, identifiers: Sequence[str], **also: str) -> None:
    body = {"identifiers": identifiers, "why": "they called", **also}
    assert day.api(f"/v1/profiles/{user}/unmerge", method="POST", body=body)["split"]


def _track(message_id: str, began: datetime, second: int, event: str = "Product Viewed", **fields: Any) -> Mapping[str, Any]:
    at = format_instant(began + timedelta(seconds=second))
    return {"type": "track", "event": event, "messageId": message_id, "timestamp": at, **fields}


def _identify(message_id: str, began: datetime, second: int, **fields: Any) -> Mapping[str, Any]:
    at = format_instant(began + timedelta(seconds=second))
    return {"type": "identify", "messageId": message_id, "timestamp": at, **fields}
