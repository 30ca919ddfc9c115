"""Small crowded worlds of assertions, splits and rules: few identifiers and few instants, so that everything collides with everything."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from ariane.identity.model import Assertion, Lifted, Side, Split
from ariane.identity.rules import Identifier, Rules

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
USERS = ("user_id:ua", "user_id:ub", "user_id:uc", "user_id:ud")
CUSTOMERS = ("crm:ca", "crm:cb")
EMAILS = ("email:ea", "email:eb", "email:ec")
PHONES = ("phone:pa", "phone:pb", "phone:pc")
CARDS = ("card:la", "card:lb")
DEVICES = ("device_id:da", "device_id:db", "anonymous_id:na")
TRUSTED = frozenset({"backend", "till"})

_MINUTES = (0, 1, 2, 5, 6, 10, 15, 20)
"""Some lie exactly a window apart."""
_UNIQUE: Mapping[str, Any] = {"limit": 1, "unique": True}
_DEVICE: Mapping[str, Any] = {"limit": "none", "device": True}


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityWorld:
    rules: Rules
    assertions: Sequence[Assertion]
    splits: Sequence[Split] = ()

    def with_assertions(self, *more: Assertion) -> "IdentityWorld":
        return replace(self, assertions=[*self.assertions, *more])


def ids(*texts: str) -> tuple[Identifier, ...]:
    return tuple(Identifier.parse(text) for text in texts)


def rules(**changed: Any) -> Rules:
    """Everything that §5 knows, tight enough to be hit: one phone in ten minutes, two e-mails, five contacts, two accounts on a contact."""
    namespaces: dict[str, Any] = {
        "user_id": {"priority": 1, **_UNIQUE},
        "crm": {"priority": 2, **_UNIQUE},
        "email": {"priority": 3, "limit": 2},
        "phone": {"priority": 4, "limit": {"count": 1, "within": "10 minutes"}},
        "card": {"priority": 5, "limit": 3},
        "device_id": {"priority": 8, **_DEVICE},
        "anonymous_id": {"priority": 9, **_DEVICE},
    }
    namespaces |= changed.pop("namespaces", {})
    return Rules.from_document({"namespaces": namespaces, "component_limit": 5, "spread": 2, **changed})


def says(
    *texts: str, minute: float = 0, source: str = "web", message_id: str | None = None, body: str = "d", order_by: Rules | None = None
) -> Assertion:
    """``web`` and ``app`` are public, ``backend`` and ``till`` trusted. The message's id follows from what it says unless given."""
    order = order_by or rules()
    named = sorted(ids(*texts), key=lambda each: (order.priority_of(each), each.value, each.namespace))
    return Assertion(
        identifiers=tuple(named),
        at=NOON + timedelta(minutes=minute),
        is_trusted=source in TRUSTED,
        source=source,
        message_id=message_id or f"{'+'.join(texts)}@{minute:g}",
        body_digest=body,
    )


def parts(left: Sequence[str], right: Sequence[str], *, name: str = "spl_1", events_to: Side | None = None, minute: float = 60) -> Split:
    at = NOON + timedelta(minutes=minute)
    return Split(id=name, left=frozenset(ids(*left)), right=frozenset(ids(*right)), at=at, by="lea", why="two people", events_to=events_to)


def lifted(split: Split) -> Split:
    return replace(split, lifted=Lifted(at=split.at + timedelta(hours=1), by="lea", why="one person after all"))


@st.composite
def some_rules(draw: st.DrawFn) -> Rules:
    changed: dict[str, Any] = {
        "component_limit": draw(st.integers(2, 6)),
        "spread": draw(st.integers(1, 3)),
        "protect": draw(st.sampled_from([[], ["email"], ["email", "phone"], ["card"]])),
    }
    if draw(st.booleans()):
        changed["namespaces"] = {
            "email": {"priority": 3, "limit": {"count": draw(st.integers(1, 2)), "within": "5 minutes"}},
            "phone": {"priority": 4, "limit": draw(st.integers(1, 2))},
            "device_id": {"priority": 8, "limit": 1, "device": True},
        }
    return rules(**changed)


@st.composite
def some_assertion(draw: st.DrawFn, order_by: Rules) -> Assertion:
    """Often of one identifier of a kind; now and then two accounts or two devices at once."""
    pools = (USERS, CUSTOMERS, EMAILS, PHONES, CARDS, DEVICES)
    chosen = draw(st.lists(st.sampled_from(pools), min_size=1, max_size=3))
    texts = sorted({draw(st.sampled_from(pool)) for pool in chosen})
    return says(
        *texts,
        minute=draw(st.sampled_from(_MINUTES)),
        source=draw(st.sampled_from(["web", "web", "app", "backend", "till"])),
        message_id=draw(st.sampled_from(["m1", "m2", "m3"])),
        body=draw(st.sampled_from(["d", "e"])),
        order_by=order_by,
    )


@st.composite
def some_split(draw: st.DrawFn, name: str) -> Split:
    named = draw(st.lists(st.sampled_from([*USERS, *EMAILS, *PHONES, *DEVICES]), min_size=2, max_size=5, unique=True))
    cut = draw(st.integers(1, len(named) - 1))
    split = parts(named[:cut], named[cut:], name=name, events_to=draw(st.sampled_from([None, *Side])), minute=draw(st.integers(60, 62)))
    return lifted(split) if draw(st.integers(0, 3)) == 0 else split


@st.composite
def worlds(draw: st.DrawFn, *, most: int = 14, splits: int = 2) -> IdentityWorld:
    """With copies of some assertions at other times."""
    order = draw(some_rules())
    said = draw(st.lists(some_assertion(order), min_size=1, max_size=most))
    copies = [
        replace(each, at=each.at + timedelta(minutes=draw(st.sampled_from([-5, -1, 5, 10]))))
        for each in said
        if draw(st.integers(0, 4)) == 0
    ]
    return IdentityWorld(
        rules=order,
        assertions=draw(st.permutations([*said, *copies])),
        splits=[draw(some_split(f"spl_{number}")) for number in range(draw(st.integers(0, splits)))],
    )
