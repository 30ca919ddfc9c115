"""The counter view as lines that one reads out at a till, in the language that it was asked for in."""

from collections.abc import Iterator, Mapping
from typing import Any

from cli.counter_phrases import Phrases, phrases_of

type Shown = Mapping[str, Any]

_SOON = 31
"""Days: a birthday further off is no news."""


def counter_lines(shown: Shown) -> list[str]:
    say = phrases_of(shown["locale"])
    return [*_who(shown, say), *_bought(shown, say), *_now(shown, say), *_relation(shown, say), *_rest(shown, say)]


def _who(shown: Shown, say: Phrases) -> Iterator[str]:
    contact = ", ".join(shown["contact"].values())
    yield f"{shown['name'] or say('No name known')}{f' ({contact})' if contact else ''}"
    labels = [each["label"] for each in shown["segments"]]
    stage = [say(shown["lifecycle"])] if shown["lifecycle"] else []
    if stage or labels:
        yield say("Stage and segments: {all}", all=", ".join([*stage, *labels]))
    for each in shown["segments"]:
        if each["persona"]:
            yield f"  {say('{day}: {said}', day=each['label'], said=' '.join(each['persona'].split()))}"


def _bought(shown: Shown, say: Phrases) -> Iterator[str]:
    value, orders = shown["lifetime_value"], say("Orders: {number}", number=say.number(shown["order_count"] or 0))
    yield f"{orders}{f', {say("{amount} in all", amount=value["text"])}' if value else ''}"
    for order in shown["last_orders"]:
        place = order["store"] or order["channel"]
        total = order["total"]["text"] if order["total"] else None
        refunded = say("refunded") if order["refunded"] else None
        said = ", ".join(each for each in (total, place, refunded) if each) or say("no total")
        yield f"  {say('{day}: {said}', day=order['date']['text'], said=said)}"
        for item in order["items"]:
            yield f"    {_item(item, say)}"
    if shown["sizes"]:
        yield say("Sizes: {all}", all=", ".join(_size(each) for each in shown["sizes"]))


def _size(size: Shown) -> str:
    return f"{size['size']}{f' ({size["category"]})' if size['category'] else ''}"


def _item(item: Shown, say: Phrases) -> str:
    """``2 × Derby, size 38, black, 129,00 €``; the price is of one."""
    quantity = f"{say.number(item['quantity'])} × " if item.get("quantity") not in (None, 1) else ""
    price = item["price"]["text"] if "price" in item else None
    size = say("size {size}", size=item["size"]) if item.get("size") else None
    said = [item.get("name") or say("unnamed product"), size, item.get("variant"), price]
    return quantity + ", ".join(each for each in said if each)


def _now(shown: Shown, say: Phrases) -> Iterator[str]:
    for title, name, when in (("In the basket:", "basket", "added"), ("Looked at:", "recently_viewed", "viewed")):
        if shown[name]:
            yield say(title)
            yield from (f"  {_item(each, say)} ({each[when]['text']})" for each in shown[name])
    case = shown["support_case"]
    if case:
        said = ", ".join(each for each in (case["status"], case["priority"], case["channel"]) if each)
        told = say("Open support case since {day}: {subject}", day=case["opened"]["text"], subject=case["subject"] or say("no subject"))
        yield f"{told}{f' ({said})' if said else ''}"


def _relation(shown: Shown, say: Phrases) -> Iterator[str]:
    loyalty = shown["loyalty"]
    if loyalty:
        points = say("{number} points", number=loyalty["points"]["text"]) if loyalty["points"] else None
        since = say("since {day}", day=loyalty["since"]["text"]) if loyalty["since"] else None
        yield say("Loyalty: {all}", all=", ".join(each for each in (loyalty["tier"], points, since) if each) or say("member"))
    offers = [say("{topics} by {channel}", topics=", ".join(each["labels"]), channel=say(each["channel"])) for each in shown["offers"]]
    yield say("Offers: {all}", all="; ".join(offers) or say("none agreed to"))
    birthday = shown["birthday"]
    if birthday and birthday["in_days"] <= _SOON:
        yield f"{say('Birthday: {day}', day=birthday['text'])} ({_coming(birthday['in_days'], say)})"


def _coming(days: int, say: Phrases) -> str:
    return say("today") if days == 0 else say("tomorrow") if days == 1 else say("in {number} days", number=days)


def _rest(shown: Shown, say: Phrases) -> Iterator[str]:
    store, visit, nps, csat = shown["favourite_store"], shown["last_store_visit"], shown["nps"], shown["csat"]
    if store:
        yield say("Favourite store: {store}", store=store)
    if visit:
        yield say("Last visit: {said}", said=f"{visit['date']['text']}{f', {visit["store"]}' if visit['store'] else ''}")
    if nps:
        day, kind = nps["date"]["text"], say(nps["kind"])
        yield say("Would recommend us: {score} of 10, {kind} ({day})", score=nps["score"], kind=kind, day=day)
    if csat:
        yield say("Satisfaction: {score} of 5 ({day})", score=csat["score"], day=csat["date"]["text"])
    if not shown["complete"]:
        yield say("There is more: what happened on some of the person's devices was not looked at.")
