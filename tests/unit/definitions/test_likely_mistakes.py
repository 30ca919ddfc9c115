"""What a brand can publish and most likely does not mean is said as a warning; what can never hold is refused."""

import shutil
from pathlib import Path

import pytest

from ariane.definitions.build import build, check
from ariane.definitions.likeness import meant
from ariane.definitions.problems import BrandInvalid, Problem

SAMPLE = Path(__file__).parents[3] / "brand"
PLAN = """\
events:
  Lookbook Viewed:
    properties:
      lookbook: {type: string}
      looks: {type: array, items: {type: object, properties: {colour: {type: string}}}}
identify:
  properties:
    shoe_size: {type: integer}
    home: {type: object, properties: {store: {type: string}}}
"""


@pytest.fixture
def brand(tmp_path: Path) -> Path:
    folder = shutil.copytree(SAMPLE, tmp_path / "brand")
    shutil.rmtree(folder / "segments")
    (folder / "segments").mkdir()
    (folder / "tracking-plan.yaml").write_text(PLAN, "utf-8")
    return folder


def found(folder: Path) -> list[Problem]:
    return list(check(folder, compile_mjml=lambda mjml: mjml))


def put(folder: Path, condition: str, *, rest: str = "") -> None:
    (folder / "segments/a.yaml").write_text(f"name: a\ncondition:\n{condition}\n{rest}", "utf-8")


def warned(folder: Path) -> list[str]:
    """What is published all the same."""
    problems = found(folder)
    assert all(problem.is_warning for problem in problems), problems
    build(folder, compile_mjml=lambda mjml: mjml)
    return [str(problem) for problem in problems]


def refused(folder: Path) -> list[str]:
    with pytest.raises(BrandInvalid) as caught:
        build(folder, compile_mjml=lambda mjml: mjml)
    assert [problem for problem in found(folder) if not problem.is_warning] == list(caught.value.problems)
    return [str(problem) for problem in caught.value.problems]


def test_the_sample_brand_is_warned_of_nothing() -> None:
    assert found(SAMPLE) == []


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("  {trait: lifetime_valeu, gte: 5}", "3:11: warning: condition.trait: no trait is known as 'lifetime_valeu'; did you mean "),
        ("  {trait: lifetimeValue, gte: 5}", "3:11: warning: condition.trait: no trait is known as 'lifetimeValue'; "),
        ("  {trait: spent_lats_year, gte: 5}", "did you mean 'spent_last_year'?"),
        ("  {trait: lifecyle, equals: conversion}", "did you mean 'lifecycle'?"),
        ("  {trait: brithday, exists: true}", "did you mean 'birthday'?"),
        ("  {trait: adress.city, equals: Lyon}", "did you mean 'address.city'?"),
        ("  {trait: address.ctiy, equals: Lyon}", "did you mean 'address.city'?"),
        ("  {trait: shoesize, equals: 41}", "did you mean 'shoe_size'?"),
        ("  {trait: home.stroe, equals: Lyon}", "did you mean 'home.store'?"),
        ("  {trait: loyalty_crad, exists: true}", "did you mean 'loyalty_card'?"),
        (
            "  has_been: {trait: lifetime_valeu, gte: 5, for: 3 days}",
            "3:21: warning: condition.has_been.trait: no trait is known as 'lifetime_valeu'",
        ),
        ("  performed: Order Complete", "3:14: warning: condition.performed: no event is known as 'Order Complete'; did"),
        ("  performed: order_completed", "did you mean 'Order Completed'?"),
        ("  performed: Lookbok Viewed", "did you mean 'Lookbook Viewed'?"),
        ("  performed: $pages", "did you mean '$page'?"),
        ("  performed: Ordr*", "3:14: warning: condition.performed: no event is known as 'Ordr*'; did you mean 'Order*'?"),
        (
            "  all:\n    - any:\n        - not: {last: Order Complete, where: [{property: x, exists: true}]}",
            "5:23: warning: condition.all[0].any[0].not.last: ",
        ),
        ("  {first: Order Complete, where: [{property: x, exists: true}]}", "condition.first: no event is known"),
        ("  sequence: {events: [Product Viewd, Order Completed]}", "3:23: warning: condition.sequence.events[0]: no event is known"),
        ("  sequence: {events: [Product Viewed, {event: Order Complete}]}", "condition.sequence.events[1].event: no event is known"),
        (
            "  performed: Order Completed\n  sum: {property: totl, gte: 5}",
            "4:19: warning: condition.sum.property: no property of Order Completed is known as 'totl'; did you mean 'total'?",
        ),
        ("  performed: Order*\n  max: {property: totl, gte: 5}", "no property of Order* is known as 'totl'"),
        ("  performed: Product Viewed\n  distinct: {property: categry, gte: 5}", "did you mean 'category'?"),
        ("  performed: Order Completed\n  where: [{property: products.categry, equals: a}]", "condition.where[0].property: no property"),
        ("  performed: Lookbook Viewed\n  where: [{property: looks.color, equals: a}]", "did you mean 'looks.colour'?"),
        ("  sequence: {events: [A, {event: Order Completed, where: [{property: totl, gt: 1}]}]}", "events[1].where[0].property: no"),
        ("  {trait: lifecycle, in: [reach, customer]}", "3:34: warning: condition.in[1]: there is no stage of the life cycle"),
        ("  {trait: lifecycle, not_equals: convresion}", "did you mean 'conversion'?"),
        ("  {trait: order_count, in: [1, true]}", "warning: condition.in[1]: order_count is a number, which true never is"),
        ("  {trait: order_count, not_in: [many]}", "warning: condition.not_in[0]: order_count is a number, which 'many' never is"),
        ("  {trait: open_basket, not_equals: p1}", "warning: condition.not_equals: open_basket is a list, which not_equals"),
        ("  {trait: favourite_category, older_than: 3 days}", "favourite_category is a text, which older_than cannot be asked of"),
    ],
)  # fmt: skip
def test_a_name_that_is_nearly_a_known_one_is_pointed_at(brand: Path, condition: str, expected: str) -> None:
    put(brand, condition)

    (said,) = warned(brand)
    assert said.startswith("brand/segments/a.yaml:")
    assert expected in said


@pytest.mark.parametrize(
    "condition",
    [
        "  {trait: plan, equals: gold}",
        "  {trait: phone2, exists: true}",
        "  {trait: first_name, exists: true}",
        "  {trait: shoe_size, equals: 41}",
        "  {trait: address.floor, equals: 4}",
        "  {trait: home.store.id, equals: 4}",
        "  {trait: company.emploiees, gt: 5}",
        "  {trait: order_count, gte: 2}",
        "  {trait: order_count, in: ['1', 2]}",
        "  {trait: last_order_at, starts_with: 2026-11}",
        "  {trait: last_order_at, between: [2026-11-01, 2026-11-30]}",
        "  {trait: last_viewed, contains: p1}",
        "  {trait: last_nps, starts_with: '1'}",
        "  {trait: favourite_size, gte: 40}",
        "  {trait: lifecycle, in: [reach, retention]}",
        "  {trait: lifecycle, starts_with: con}",
        "  performed: Order Returned",
        "  performed: Gift Wrapped\n  sum: {property: totl, gte: 1}",
        "  performed: $page\n  where: [{property: titel, equals: a}]",
        "  performed: Order*",
        "  performed: '*'",
        "  performed: Lookbook Viewed",
        "  performed: Order Completed\n  where: [{property: gift, equals: true}]",
        "  performed: Order Completed\n  where: [{property: products.sku, equals: a}]",
    ],
)
def test_what_a_brand_may_well_mean_is_let_be(brand: Path, condition: str) -> None:
    put(brand, condition)

    assert warned(brand) == []


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("  {trait: lifecycle, equals: convresion}", "3:30: condition.equals: there is no stage of the life cycle 'convresion'; did"),
        ("  {trait: lifecycle, starts_with: loy}", "condition.starts_with: no stage of the life cycle starts with 'loy'"),
        ("  {trait: lifecycle, gte: 2}", "3:22: condition.gte: lifecycle is a text, which gte cannot be asked of"),
        ("  {trait: order_count, starts_with: '1'}", "3:24: condition.starts_with: order_count is a number, which starts_with"),
        ("  {trait: order_count, contains: 1}", "order_count is a number, which contains cannot be asked of"),
        ("  {trait: order_count, older_than: 3 days}", "order_count is a number, which older_than cannot be asked of"),
        ("  {trait: lifecycle, in: [customer]}", "3:27: condition.in[0]: there is no stage of the life cycle 'customer'; known: "),
        ("  {trait: order_count, in: [many, true]}", "condition.in[0]: order_count is a number, which 'many' never is"),
        ("  {trait: open_basket, in: [p1, p2]}", "open_basket is a list, which in cannot be asked of"),
        ("  {trait: order_count, equals: many}", "3:32: condition.equals: order_count is a number, which 'many' never is"),
        ("  {trait: spent_last_year, gte: 2026-11-22}", "spent_last_year is a number, which '2026-11-22' never is"),
        ("  {trait: last_order_at, gte: 5}", "last_order_at is an instant, which 5 never is"),
        ("  {trait: last_order_at, equals: yesterday}", "last_order_at is an instant, which 'yesterday' never is"),
        ("  {trait: last_order_at, contains: Nov}", "last_order_at is an instant, which 'Nov' never is"),
        ("  {trait: open_basket, equals: p1}", "open_basket is a list, which equals cannot be asked of; use one of: contains, exists"),
        ("  has_been: {trait: order_count, contains: 1, for: 3 days}", "condition.has_been.contains: order_count is a number"),
        ("  {consent: {topic: adz, channel: email}}", "3:21: condition.consent.topic: there is no topic 'adz'; did you mean 'ads'?"),
    ],
)  # fmt: skip
def test_a_test_that_can_never_hold_is_refused(brand: Path, condition: str, expected: str) -> None:
    put(brand, condition)

    assert expected in refused(brand)[0]


@pytest.mark.parametrize(
    ("consent", "expected"),
    [("adz", "there is no topic 'adz'; did you mean 'ads'?"), ("ads/push", "the topic 'ads' is not spoken of by push")],
)
def test_a_scheduled_list_names_a_topic_of_the_brand(brand: Path, consent: str, expected: str) -> None:
    rest = f"export: {{format: meta-custom-audiences, consent: {consent}}}\n"
    put(brand, "  {trait: x, exists: true}", rest=rest)

    assert refused(brand) == [f"brand/segments/a.yaml:4:50: export.consent: {expected}"]
    for right in ("ads", "ads/sms", "ads/display"):
        put(brand, "  {trait: x, exists: true}", rest=rest.replace(consent, right))
        assert warned(brand) == []


def test_a_scheduled_list_is_asked_about_its_columns(brand: Path) -> None:
    put(brand, "  {trait: x, exists: true}", rest="export: {format: csv, columns: [id, email, traits.lifetim_value, mood]}\n")

    assert warned(brand) == [
        "brand/segments/a.yaml:4:44: warning: export.columns[2]: no column is known as 'lifetim_value'; did you mean 'lifetime_value'?"
    ]


@pytest.mark.parametrize("name", ["email", "birthday", "phone"])
def test_a_computed_trait_takes_no_reserved_name(brand: Path, name: str) -> None:
    (brand / "traits.yaml").write_text(f"computed:\n  {name}: {{count: Gift Wrapped}}\n", "utf-8")

    (said,) = refused(brand)
    assert said.startswith(f"brand/traits.yaml:2:3: computed.{name}: {name} is a trait that people have of themselves")


def test_a_built_in_trait_is_not_replaced_by_accident(brand: Path) -> None:
    text = "computed:\n  order_count: {count: Gift Wrapped}\n"
    (brand / "traits.yaml").write_text(text, "utf-8")

    (said,) = warned(brand)
    assert said.startswith("brand/traits.yaml:2:3: warning: computed.order_count: replaces the built-in order_count")
    (brand / "traits.yaml").write_text(text + "builtin: {order_count: false}\n", "utf-8")
    assert warned(brand) == []


def test_a_trait_that_is_redefined_is_of_its_new_kind(brand: Path) -> None:
    (brand / "traits.yaml").write_text("computed:\n  order_count: {last: Gift Wrapped}\nbuiltin: {order_count: false}\n", "utf-8")
    put(brand, "  {trait: order_count, older_than: 3 days}")

    assert warned(brand) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{count: Order Complete}", "2:18: warning: computed.spent.count: no event is known as 'Order Complete'"),
        ("{sum: Order Completed, property: totl}", "computed.spent.property: no property of Order Completed is known as 'totl'"),
        ("{count: Order Completed, where: [{property: sales_chanel, equals: web}]}", "did you mean 'sales_channel'?"),
        (
            "{sum: Order Completed, property: total, minus: {sum: Order Refund, property: total}}",
            "computed.spent.minus.sum: no event is known",
        ),
        (
            "{basket: {added: Product Added, removed: Product Removd, cleared: Order Completed, property: product_id}}",
            "computed.spent.basket.removed: no event is known",
        ),
    ],
)
def test_computed_traits_are_asked_about_their_events(brand: Path, text: str, expected: str) -> None:
    (brand / "traits.yaml").write_text(f"computed:\n  spent: {text}\n", "utf-8")

    said = warned(brand)
    assert expected in said[0], said


def test_journeys_are_asked_about_their_events(brand: Path) -> None:
    path = brand / "journeys/cart-abandonment.yaml"
    text = path.read_text("utf-8").replace("Product Added", "Product Aded").replace("Order Completed", "Order Complete")
    path.write_text(text.replace("key: cart_id", "key: crat_id"), "utf-8")

    assert [each.removeprefix("brand/journeys/cart-abandonment.yaml:") for each in warned(brand)] == [
        "4:10: warning: entry.event: no event is known as 'Product Aded'; did you mean 'Product Added'?",
        "5:8: warning: entry.key: no property of Product Added is known as 'crat_id'; did you mean 'cart_id'?",
        "9:10: warning: exit.event: no event is known as 'Order Complete'; did you mean 'Order Completed'?",
    ]


def test_an_event_of_the_plan_that_is_nearly_a_usual_one_is_pointed_at_where_it_is_planned(brand: Path) -> None:
    (brand / "tracking-plan.yaml").write_text("events:\n  Order Complted: {}\n  Order Returned: {}\n", "utf-8")
    put(brand, "  performed: Order Complted")

    assert warned(brand) == [
        "brand/tracking-plan.yaml:2:3: warning: events.Order Complted: is an event of its own, beside the usual 'Order Completed'; "
        "did you mean that?"
    ]


def test_warnings_are_told_beside_problems(brand: Path) -> None:
    put(brand, "  all:\n    - {trait: lifetime_valeu, gte: 5}\n    - {segment: b}")

    assert [(each.code, str(each.severity)) for each in found(brand)] == [("unknown_trait", "warning"), ("unknown_segment", "error")]


def test_of_two_names_that_are_alike_the_nearer_one_is_meant() -> None:
    assert meant("Coupon Enterd", ["Coupon Denied", "Coupon Entered", "Coupon Removed"]) == "Coupon Entered"
    assert meant("OrderCompleted", ["Order Completed"]) == "Order Completed"
    assert meant("Order Line Refunded", ["Order Refunded"]) is None
    assert meant("Step 2 Viewed", ["Step 1 Viewed"]) is None
    assert meant("", ["a"]) is None
