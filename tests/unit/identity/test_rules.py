"""The identity rules as the functions read them."""

from typing import Any

import pytest

from ariane.errors import Rejected
from ariane.identity.rules import Identifier, Limit, Normaliser, Rules

RULES = Rules.from_document({})


def namespace(**fields: Any) -> dict[str, Any]:
    return {"namespaces": {"email": fields}}


def fault(document: Any) -> str:
    with pytest.raises(Rejected) as caught:
        Rules.from_document(document)
    assert caught.value.code == "invalid_rules"
    return caught.value.message.removeprefix("identity rules: ")


def test_the_rules_have_the_documented_defaults() -> None:
    assert [name for name, each in RULES.namespaces.items() if each.is_unique] == ["user_id"]
    assert [name for name, each in RULES.namespaces.items() if each.is_device] == [
        "device_id",
        "anonymous_id",
        "advertising_id",
        "ga_client_id",
    ]
    assert [(name, each.priority) for name, each in RULES.namespaces.items() if not each.is_device] == [
        ("user_id", 1),
        ("email", 2),
        ("phone", 3),
        ("loyalty_card", 4),
    ]
    assert (RULES.namespaces["email"].limit, RULES.namespaces["device_id"].limit) == (Limit(5), None)
    assert (RULES.component_limit, RULES.spread, RULES.protect) == (50, 20, frozenset())
    assert RULES.trait_namespaces == {"email": "email", "phone": "phone", "loyalty_card": "loyalty_card"}


def test_a_limit_is_a_number_none_or_over_a_window() -> None:
    assert Rules.from_document(namespace(limit={"count": 5, "within": "30 days"})).namespaces["email"].limit == Limit(5, 30 * 86_400)
    assert Rules.from_document(namespace(limit="none")).namespaces["email"].limit is None
    assert Rules.from_document(namespace(limit=7)).namespaces["email"].limit == Limit(7)
    assert Rules.from_document(namespace()).namespaces["email"].limit == Limit(5)
    assert Rules.from_document(namespace(unique=True)).namespaces["email"].limit == Limit(1)


def test_identifiers_are_ranked_by_priority_then_value_then_namespace() -> None:
    texts = ["anonymous_id:a", "email:b@b.fr", "user_id:u2", "user_id:u1", "email:a@b.fr", "unknown:a", "nowhere:a"]
    ordered = sorted(map(Identifier.parse, texts), key=RULES.rank)
    assert [str(each) for each in ordered] == [
        "user_id:u1",
        "user_id:u2",
        "email:a@b.fr",
        "email:b@b.fr",
        "anonymous_id:a",
        "nowhere:a",
        "unknown:a",
    ]


def test_rules_tell_what_an_identifier_is() -> None:
    rules = Rules.from_document(
        {
            "namespaces": {
                "user_id": {"priority": 1, "unique": True},
                "email": {"priority": 2, "limit": {"count": 2, "within": "1 day"}},
                "device_id": {"priority": 3, "limit": "none", "device": True},
            }
        }
    )
    kinds = {
        name: (rules.is_identified(each), rules.is_device(each), rules.is_windowed(each))
        for name in ("user_id", "email", "device_id", "unknown")
        if (each := Identifier(name, "x"))
    }
    assert kinds == {
        "user_id": (True, False, False),
        "email": (False, False, True),
        "device_id": (False, True, False),
        "unknown": (False, False, False),
    }


TWO = {"email": {"priority": 2}, "phone": {"priority": 2}}


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ([], "the document: must be keys with values"),
        ({"namespace": {}}, "namespace: is not a known key here; did you mean 'namespaces'?"),
        ({"namespaces": {}}, "namespaces: must not be empty"),
        ({"namespaces": None}, "namespaces: has no value; must be keys with values"),
        ({"namespaces": {"Email": {}}}, "namespaces.Email: 'Email' is not a name of small letters"),
        ({"namespaces": {"email": None}}, "namespaces.email: has no value; must be keys with values"),
        ({"namespaces": TWO}, "namespaces.phone.priority: phone and email both have the priority 2: give each its own"),
        (
            {"namespaces": {"email": {}, "phone": {}}},
            "namespaces.phone.priority: phone and email both have the priority 100, which it has as",
        ),
        (
            {"namespaces": {"card": {"priority": 1, "traits": ["email"]}, "email": {"priority": 2}}},
            "namespaces.email.traits: email and card both read the trait 'email'",
        ),
        (namespace(prio=1), "namespaces.email.prio: is not a known key here; did you mean 'priority'?"),
        (namespace(priority=0), "namespaces.email.priority: must be at least 1"),
        (namespace(priority=True), "namespaces.email.priority: must be a whole number"),
        (namespace(priority=10**30), "namespaces.email.priority: must be at most 1,000,000"),
        (namespace(limit=0), "namespaces.email.limit: must be at least 1; none: as many as there are"),
        (namespace(limit=-3), "namespaces.email.limit: must be at least 1"),
        (namespace(limit=10**30), "namespaces.email.limit: must be at most 1,000,000"),
        (namespace(limit=True), "namespaces.email.limit: must be a whole number, none, or {count: 5, within: 30 days}"),
        (namespace(limit=2.0), "namespaces.email.limit: must be a whole number"),
        (namespace(limit="unlimited"), "namespaces.email.limit: must be a whole number"),
        (namespace(limit=None), "namespaces.email.limit: has no value; must be a whole number"),
        (namespace(limit={"within": "30 days"}), "namespaces.email.limit.count: is required"),
        (namespace(limit={"count": 5}), "namespaces.email.limit.within: is required"),
        (namespace(limit={"count": 0, "within": "1 day"}), "namespaces.email.limit.count: must be at least 1"),
        (namespace(limit={"count": 1, "within": "soon"}), "namespaces.email.limit.within: 'soon' is not a duration"),
        (namespace(limit={"count": 1, "within": "0 days"}), "namespaces.email.limit.within: '0 days' is not a duration"),
        (namespace(limit={"count": 1, "within": "4000 days"}), "namespaces.email.limit.within: '4000 days' is not a duration"),
        (namespace(limit={"count": 1, "within": 30}), "namespaces.email.limit.within: 30 is not a duration"),
        (namespace(limit={"count": 1, "within": "1 day", "per": 1}), "namespaces.email.limit.per: is not a known key here"),
        (namespace(unique=True, limit=2), "namespaces.email.limit: must be 1, or left out"),
        (namespace(unique=True, limit="none"), "namespaces.email.limit: must be 1, or left out"),
        (namespace(unique=True, limit={"count": 1, "within": "1 day"}), "namespaces.email.limit: must be 1, or left out"),
        (namespace(unique=True, device=True), "namespaces.email.device: a device may be shared"),
        (namespace(unique="yes"), "namespaces.email.unique: must be true or false"),
        (namespace(device=None), "namespaces.email.device: has no value; must be true or false"),
        (
            namespace(normalise="emial"),
            "namespaces.email.normalise: there is no normaliser 'emial'; did you mean 'email'?; known: trim, lower, email, phone",
        ),
        (namespace(normalise="upper"), "namespaces.email.normalise: there is no normaliser 'upper'"),
        (namespace(normalise=None), "namespaces.email.normalise: has no value"),
        (namespace(normalise=["email"]), "namespaces.email.normalise: there is no normaliser ['email']"),
        (namespace(traits="email"), "namespaces.email.traits: must be a list"),
        (namespace(traits=[7]), "namespaces.email.traits.0: must be a text; a number is one in quotes"),
        ({"blocked": []}, "blocked: must be keys with values"),
        ({"blocked": {"value": []}}, "blocked.value: is not a known key here; did you mean 'values'?"),
        ({"blocked": {"values": [""]}}, "blocked.values.0: must not be empty"),
        ({"blocked": {"patterns": ["^test-", "("]}}, "blocked.patterns.1: '(' is not a regular expression"),
        ({"blocked": {"patterns": [".*"]}}, "blocked.patterns.0: '.*' matches an empty text"),
        ({"blocked": {"patterns": ["(a+)+$"]}}, "blocked.patterns.0: '(a+)+$' could take too long"),
        ({"blocked": {"patterns": [None]}}, "blocked.patterns.0: must be a text"),
        ({"blocked": {"patterns": ["x"] * 101}}, "blocked.patterns: has more than 100 elements"),
        ({"placeholders": "x"}, "placeholders: must be a list"),
        ({"component_limit": 0}, "component_limit: must be at least 1"),
        ({"component_limit": 1.5}, "component_limit: must be a whole number"),
        ({"component_limit": 10_001}, "component_limit: must be at most 10,000"),
        ({"spread": 0}, "spread: must be at least 1"),
        ({"spread": False}, "spread: must be a whole number"),
        ({"protect": "email"}, "protect: must be a list"),
        ({**namespace(), "protect": ["emial"]}, "protect.0: there is no namespace 'emial'; did you mean 'email'?; known: email"),
        ({**namespace(device=True), "protect": ["email"]}, "protect.0: 'email' cannot be protected: a device is nobody's own"),
        ({**namespace(unique=True), "protect": ["email"]}, "protect.0: 'email' cannot be protected: an account"),
        ({"protect": ["device_id"]}, "protect.0: 'device_id' cannot be protected: a device is nobody's own"),
        ({"protect": ["emial"]}, "protect.0: there is no namespace 'emial'; did you mean 'email'?"),
        ({"default_country": "fr"}, "default_country: 'fr' is not a country of two capitals such as FR"),
        ({"countries": {"web": 33}}, "countries.web: 33 is not a country"),
    ],
)
def test_wrong_rules_are_refused_with_the_field(document: Any, expected: str) -> None:
    assert fault(document).startswith(expected), fault(document)


def test_everything_that_is_wrong_is_said_at_once() -> None:
    said = fault({"namespaces": {**TWO, "card": {"limit": 0, "normalise": "upper"}}, "spread": 0})
    assert said.count("; namespaces.") == 2
    assert said.endswith("spread: must be at least 1")


def test_equal_documents_are_one_set_of_rules() -> None:
    first = Rules.from_document({"namespaces": {"email": {"priority": 1, "limit": 2}}, "spread": 3})
    second = Rules.from_document({"spread": 3, "namespaces": {"email": {"limit": 2, "priority": 1}}})
    assert first.digest == second.digest != Rules.from_document({"spread": 4}).digest


def test_normalisers_are_known_by_name() -> None:
    assert Rules.from_document(namespace(normalise="email")).namespaces["email"].normaliser is Normaliser.EMAIL
