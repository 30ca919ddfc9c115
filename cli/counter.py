"""The counter view as lines that one reads out at a till."""

from collections.abc import Iterator, Mapping
from typing import Any

type Shown = Mapping[str, Any]


def counter_lines(shown: Shown) -> list[str]:
    return [*_who(shown), *_bought(shown), *_now(shown), *_relation(shown), *_rest(shown)]


def _who(shown: Shown) -> Iterator[str]:
    contact = ", ".join(shown["contact"].values())
    yield f"{shown['name'] or 'No name known'}{f' ({contact})' if contact else ''}"
    labels = [each["label"] for each in shown["segments"]]
    stage = [shown["lifecycle"]] if shown["lifecycle"] else []
    if stage or labels:
        yield f"Stage and segments: {', '.join([*stage, *labels])}"
    for each in shown["segments"]:
        if each["persona"]:
            yield f"  {each['label']}: {' '.join(each['persona'].split())}"


def _bought(shown: Shown) -> Iterator[str]:
    value = shown["lifetime_value"]
    yield f"Orders: {shown['order_count'] or 0:,}{f', {value["text"]} in all' if value else ''}"
    for order in shown["last_orders"]:
        place = order["store"] or order["channel"]
        total = order["total"]["text"] if order["total"] else None
        refunded = "refunded" if order["refunded"] else None
        yield f"  {order['date']['text']}: {', '.join(each for each in (total, place, refunded) if each) or 'no total'}"
        for item in order["items"]:
            yield f"    {_item(item)}"
    if shown["sizes"]:
        yield f"Sizes: {', '.join(_size(each) for each in shown['sizes'])}"


def _size(size: Shown) -> str:
    return f"{size['size']}{f' ({size["category"]})' if size['category'] else ''}"


def _item(item: Shown) -> str:
    """``2 × Derby, 38, black, 129,00 €``; the price is of one."""
    quantity = f"{item['quantity']} × " if item.get("quantity") not in (None, 1, "1") else ""
    price = item["price"]["text"] if "price" in item else None
    said = [item.get("name", "unnamed product"), item.get("size") and f"size {item['size']}", item.get("variant"), price]
    return quantity + ", ".join(each for each in said if each)


def _now(shown: Shown) -> Iterator[str]:
    for title, name, when in (("In the basket", "basket", "added"), ("Looked at", "recently_viewed", "viewed")):
        if shown[name]:
            yield f"{title}:"
            yield from (f"  {_item(each)} ({each[when]['text']})" for each in shown[name])
    case = shown["support_case"]
    if case:
        said = ", ".join(each for each in (case["status"], case["priority"], case["channel"]) if each)
        yield f"Open support case since {case['opened']['text']}: {case['subject'] or 'no subject'}{f' ({said})' if said else ''}"


def _relation(shown: Shown) -> Iterator[str]:
    loyalty = shown["loyalty"]
    if loyalty:
        points = f"{loyalty['points']:,} points" if loyalty["points"] is not None else None
        since = f"since {loyalty['since']['text']}" if loyalty["since"] else None
        yield f"Loyalty: {', '.join(each for each in (loyalty['tier'], points, since) if each) or 'member'}"
    offers = [f"{', '.join(each['labels'])} by {each['channel']}" for each in shown["offers"]]
    yield f"Offers: {'; '.join(offers) or 'none agreed to'}"
    store, visit = shown["favourite_store"], shown["last_store_visit"]
    if store:
        yield f"Favourite store: {store}"
    if visit:
        yield f"Last visit: {visit['date']['text']}{f', {visit["store"]}' if visit['store'] else ''}"


def _rest(shown: Shown) -> Iterator[str]:
    nps, csat = shown["nps"], shown["csat"]
    if nps:
        yield f"Would recommend us: {nps['score']} of 10, {nps['kind']} ({nps['date']['text']})"
    if csat:
        yield f"Satisfaction: {csat['score']} of 5 ({csat['date']['text']})"
    if not shown["complete"]:
        yield "There is more: what happened on some of the person's devices was not looked at."
