"""The counter view as it is read out."""

from typing import Any

from cli.counter import counter_lines

DAY = {"at": "2026-11-23T12:00:00.000Z", "text": "23 nov. 2026"}
NOTHING: dict[str, Any] = {
    "locale": "en",
    "birthday": None,
    "name": None,
    "contact": {},
    "lifecycle": None,
    "segments": [],
    "order_count": 0,
    "lifetime_value": None,
    "last_orders": [],
    "sizes": [],
    "recently_viewed": [],
    "basket": [],
    "loyalty": None,
    "offers": [],
    "support_case": None,
    "favourite_store": None,
    "last_store_visit": None,
    "nps": None,
    "csat": None,
    "complete": True,
}


def money(text: str) -> dict[str, Any]:
    return {"amount": 1.0, "currency": "EUR", "text": text}


def test_of_somebody_unknown_little_is_said() -> None:
    assert counter_lines(NOTHING) == ["No name known", "Orders: 0", "Offers: none agreed to"]


def test_everything_that_is_known_is_said_in_words() -> None:
    item = {"name": "Derby", "size": "38", "quantity": 2, "price": money("129,00 €")}
    shown = {
        **NOTHING,
        "name": "Camille Bernard",
        "contact": {"email": "c•••@e•••.fr"},
        "lifecycle": "retention",
        "segments": [{"name": "vip", "label": "VIP", "persona": "Knows\nthe house."}],
        "order_count": 1_204,
        "lifetime_value": money("300,00 €"),
        "last_orders": [{"date": DAY, "total": money("258,00 €"), "channel": "store", "store": "Lyon", "refunded": True, "items": [item]}],
        "sizes": [{"size": "38", "category": "shoes", "times": 2}],
        "recently_viewed": [{"name": "Foulard", "viewed": DAY}],
        "basket": [{**item, "quantity": 1, "added": DAY}],
        "loyalty": {"tier": "gold", "points": {"amount": 12_500, "text": "12,500"}, "since": DAY},
        "birthday": {"text": "November 24", "in_days": 1},
        "offers": [{"channel": "email", "topics": ["offers"], "labels": ["Offres"]}],
        "support_case": {"subject": "Sleeve", "status": "open", "priority": None, "channel": "phone", "opened": DAY},
        "favourite_store": "Lyon",
        "last_store_visit": {"store": "Lyon", "date": DAY},
        "nps": {"score": 9, "kind": "promoter", "date": DAY},
        "csat": {"score": 4, "date": DAY},
        "complete": False,
    }
    assert counter_lines(shown) == [
        "Camille Bernard (c•••@e•••.fr)",
        "Stage and segments: retention, VIP",
        "  VIP: Knows the house.",
        "Orders: 1,204, 300,00 € in all",
        "  23 nov. 2026: 258,00 €, Lyon, refunded",
        "    2 × Derby, size 38, 129,00 €",
        "Sizes: 38 (shoes)",
        "In the basket:",
        "  Derby, size 38, 129,00 € (23 nov. 2026)",
        "Looked at:",
        "  Foulard (23 nov. 2026)",
        "Open support case since 23 nov. 2026: Sleeve (open, phone)",
        "Loyalty: gold, 12,500 points, since 23 nov. 2026",
        "Offers: Offres by email",
        "Birthday: November 24 (tomorrow)",
        "Favourite store: Lyon",
        "Last visit: 23 nov. 2026, Lyon",
        "Would recommend us: 9 of 10, promoter (23 nov. 2026)",
        "Satisfaction: 4 of 5 (23 nov. 2026)",
        "There is more: what happened on some of the person's devices was not looked at.",
    ]


def test_everything_is_said_in_one_language() -> None:
    shown = {
        **NOTHING,
        "locale": "fr-FR",
        "lifecycle": "retention",
        "order_count": 1_204,
        "lifetime_value": money("300,00 €"),
        "loyalty": {"tier": "or", "points": {"amount": 12_500, "text": "12 500"}, "since": None},
        "offers": [{"channel": "email", "topics": ["offers"], "labels": ["Offres"]}],
        "birthday": {"text": "24 novembre", "in_days": 2},
    }
    assert counter_lines(shown) == [
        "Nom inconnu",
        "Étape et segments : fidélisation",
        "Commandes : 1\u202f204, 300,00 € au total",
        "Fidélité : or, 12 500 points",
        "Offres : Offres par e-mail",
        "Anniversaire : 24 novembre (dans 2 jours)",
    ]


def test_a_birthday_far_off_is_no_news_and_an_unknown_language_is_said_in_english() -> None:
    shown = {**NOTHING, "locale": "is", "birthday": {"text": "24. nóvember", "in_days": 200}}
    assert counter_lines(shown) == ["No name known", "Orders: 0", "Offers: none agreed to"]
