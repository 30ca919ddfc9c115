"""Segments, traits and the tracking plan as files: each mistake by file, line, column and field."""

import shutil
from pathlib import Path

import pytest

from ariane.conditions.series import Series
from ariane.definitions.build import build
from ariane.definitions.bundle import Bundle
from ariane.definitions.customer_view_document import segment_version
from ariane.definitions.problems import BrandInvalid
from ariane.errors import Rejected

SAMPLE = Path(__file__).parents[3] / "brand"


@pytest.fixture
def brand(tmp_path: Path) -> Path:
    folder = shutil.copytree(SAMPLE, tmp_path / "brand")
    for name in ("traits.yaml", "tracking-plan.yaml"):
        (folder / name).unlink()
    shutil.rmtree(folder / "segments")
    (folder / "segments").mkdir()
    return folder


def built(folder: Path) -> Bundle:
    return build(folder, compile_mjml=lambda mjml: mjml)


def problems_of(folder: Path) -> list[str]:
    with pytest.raises(BrandInvalid) as caught:
        built(folder)
    return [str(problem) for problem in caught.value.problems]


def put_segment(folder: Path, name: str, condition: str) -> None:
    (folder / "segments" / f"{name}.yaml").write_text(f"name: {name}\ncondition:\n{condition}\n", "utf-8")


def version_of(folder: Path, name: str) -> str:
    return str(built(folder).documents["profiles"]["segments"][name]["version"])


def test_a_brand_without_any_of_these_files_has_the_built_in_traits(brand: Path) -> None:
    document = built(brand).documents["profiles"]

    assert document["segments"] == {}
    assert "lifetime_value" in document["traits"]["computed"]
    assert "plan" not in built(brand).documents["collect"]


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("  all:\n    - {segment: gold}", "4:17: condition.all[0].segment: there is no segment 'gold'; known: a"),
        ("  any:\n    - not: {segment: aa}", "4:22: condition.any[0].not.segment: there is no segment 'aa'; did you mean 'a'?"),
        ("  segment: a", "3:12: condition.segment: the segment names itself: a → a"),
        ("  consent: {topic: ofers, channel: email}", "3:20: condition.consent.topic: there is no topic 'ofers'; did you mean 'offers'?"),
        ("  performed: X\n  since: enrolment", "4:10: condition.since: only a journey's condition knows an enrolment"),
        ("  {trait: plan, equals: a, like: b}", "3:28: condition.like: is not a known key here"),
        ("  {trait: plan}", "3:3: condition: needs exactly one operator of"),
        ("  {traits: plan}", "3:3: condition: is not a condition"),
        ("  {performed: X, within: 0 days}", "3:26: condition.within: '0 days' is no time at all"),
        ("  {trait: x, before: 2026-02-30}", "3:22: condition.before: '2026-02-30' is not an ISO 8601 instant"),
    ],
)
def test_a_mistake_in_a_segment_is_named_where_it_stands(brand: Path, condition: str, expected: str) -> None:
    put_segment(brand, "a", condition)

    assert [problem.startswith(f"brand/segments/a.yaml:{expected}") for problem in problems_of(brand)] == [True], problems_of(brand)


def test_segments_that_name_each_other_in_a_circle_are_told_once_with_the_way(brand: Path) -> None:
    put_segment(brand, "a", "  {trait: x, exists: true}")
    put_segment(brand, "b", "  any:\n    - {trait: y, exists: true}\n    - {segment: c}")
    put_segment(brand, "c", "  not: {segment: d}")
    put_segment(brand, "d", "  all:\n    - {segment: b, for: 7 days}\n    - {segment: a}")

    assert problems_of(brand) == ["brand/segments/b.yaml:5:17: condition.any[1].segment: the segment names itself: b → c → d → b"]


def test_a_segment_that_has_a_problem_of_its_own_makes_no_further_ones(brand: Path) -> None:
    put_segment(brand, "a", "  {trait: x}")
    put_segment(brand, "b", "  segment: a")

    assert [problem.split(":")[0] for problem in problems_of(brand)] == ["brand/segments/a.yaml"]


def test_a_segment_is_called_as_its_file_is(brand: Path) -> None:
    (brand / "segments/one.yaml").write_text("name: two\ncondition: {trait: x, exists: true}\n", "utf-8")

    assert problems_of(brand) == ["brand/segments/one.yaml:1:7: name: the file's name says 'one'"]


def test_a_journey_may_ask_for_a_segment_and_names_one_that_exists(brand: Path) -> None:
    path = brand / "journeys/loyalty-welcome.yaml"
    path.write_text(path.read_text("utf-8").replace("{trait: loyalty_joined_in, equals: store}", "{segment: a}"), "utf-8")

    assert problems_of(brand) == [
        "brand/journeys/loyalty-welcome.yaml:9:23: steps[0].branch[0].if.segment: there is no segment 'a'; known: none"
    ]
    put_segment(brand, "a", "  {performed: Store Visited, within: 3 days}")
    assert any(each["event"] == "Store Visited" for each in built(brand).documents["profiles"]["observing"]["series"])


def test_what_only_a_journey_asks_for_is_observed_too(brand: Path) -> None:
    path = brand / "journeys/loyalty-welcome.yaml"
    condition = "{performed: Gift Wrapped, times: {gte: 2}}"
    path.write_text(path.read_text("utf-8").replace("{trait: loyalty_joined_in, equals: store}", condition), "utf-8")

    assert "Gift Wrapped" in {each["event"] for each in built(brand).documents["profiles"]["observing"]["series"]}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("precedence:\n  email: [backend, stors]", "2:20: precedence.email[1]: there is no source 'stors'; did you mean 'stores'?"),
        ("precedence:\n  email: [web, web]", "2:16: precedence.email[1]: the source 'web' is ranked already"),
        ("precedence:\n  address.city: [web]", "2:17: precedence.address.city: 'address.city' is not the name of a trait"),
        (
            "builtin: {favorite_size: false}",
            "1:11: builtin.favorite_size: there is no built-in computed trait 'favorite_size'; did you mean 'favourite_size'?",
        ),
        ("computed:\n  spent: {sum: Order Completed}", "2:10: computed.spent: sum needs the property that it looks at"),
        (
            "computed:\n  spent: {sum: Order Completed, proprety: total}",
            "2:33: computed.spent.proprety: is not a known key here; did you mean 'property'?",
        ),
        ("computed:\n  Spent: {count: X}", "2:10: computed.Spent: 'Spent' is not a name of small letters, digits and underscores"),
        ("computed:\n  lifecycle: {count: X}", "2:3: computed.lifecycle: is computed by Ariane itself"),
    ],
)
def test_a_mistake_in_the_traits_is_named_where_it_stands(brand: Path, text: str, expected: str) -> None:
    (brand / "traits.yaml").write_text(text + "\n", "utf-8")

    found = problems_of(brand)
    assert any(problem.startswith(f"brand/traits.yaml:{expected}") for problem in found), found


def test_a_built_in_trait_may_be_switched_off_or_replaced(brand: Path) -> None:
    text = "builtin: {last_viewed: false}\ncomputed:\n  order_count: {count: Purchase}\n"
    (brand / "traits.yaml").write_text(text, "utf-8")
    document = built(brand).documents["profiles"]

    assert "last_viewed" not in document["traits"]["computed"]
    assert document["traits"]["computed"]["order_count"] == {"count": "Purchase"}
    assert "Product Viewed" not in {each["event"] for each in document["observing"]["series"]}


def test_the_version_of_a_segment_is_its_conditions_and_all_that_they_name(brand: Path) -> None:
    put_segment(brand, "inner", "  {trait: spent, gte: 100}")
    put_segment(brand, "outer", "  not: {segment: inner}")
    (brand / "traits.yaml").write_text("computed:\n  spent: {sum: Order Completed, property: total}\n", "utf-8")
    before = version_of(brand, "outer")

    (brand / "segments/outer.yaml").write_text("name: outer\npersona: Others.\ncondition:\n  not: {segment: inner}\n", "utf-8")
    assert version_of(brand, "outer") == before
    (brand / "traits.yaml").write_text("computed:\n  spent: {sum: Order Completed, property: total, within: 1 day}\n", "utf-8")
    computed_otherwise = version_of(brand, "outer")
    put_segment(brand, "inner", "  {trait: spent, gte: 101}")
    assert len({before, computed_otherwise, version_of(brand, "outer")}) == 3


def test_a_segment_that_stands_alone_can_be_given_a_version() -> None:
    from ariane.conditions.catalogue import Catalogue
    from ariane.segments.definition import SegmentFile

    file = SegmentFile.model_validate_json('{"name": "a", "condition": {"segment": "elsewhere"}}')

    assert len(segment_version(file.condition, Catalogue())) == 12


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mode: loud", "1:7: mode: must be 'flag' or 'reject'"),
        (
            "events:\n  A:\n    properties:\n      p: {typ: string}",
            "4:11: events.A.properties.p.typ: is not a known key here; did you mean 'type'?",
        ),
        ("events:\n  A:\n    properties:\n      p: {type: text}", "4:17: events.A.properties.p.type: must be 'string', 'number'"),
        (
            "events:\n  A:\n    properties:\n      p: {pattern: '^(a+)+$'}",
            "4:20: events.A.properties.p.pattern: '^(a+)+$' could take too long",
        ),
        ("events:\n  A:\n    properties:\n      p: {pattern: '('}", "4:20: events.A.properties.p.pattern: '(' is not a regular expression"),
        ("events:\n  A:\n    properties:\n      p: {minimum: 5, maximum: 4}", "4:32: events.A.properties.p.maximum: is below 5"),
        (
            "events:\n  A:\n    properties: {total: {type: number}}\n    required: [totl]",
            "4:16: events.A.required[0]: there is no property 'totl'; did you mean 'total'?",
        ),
        ("events:\n  A:\n    properties:\n      p: {items: {items: {items: {items: {items: {items: {}}}}}}}", "3:5: events.A"),
    ],
)
def test_a_mistake_in_the_tracking_plan_is_named_where_it_stands(brand: Path, text: str, expected: str) -> None:
    (brand / "tracking-plan.yaml").write_text(text + "\n", "utf-8")

    found = problems_of(brand)
    assert any(problem.startswith(f"brand/tracking-plan.yaml:{expected}") for problem in found), found


def test_an_optional_file_under_a_mistyped_name_is_not_passed_over(brand: Path) -> None:
    (brand / "tracking_plan.yaml").write_text("mode: flag\n", "utf-8")

    assert problems_of(brand) == ["brand/tracking_plan.yaml:1:1: no file of this name is read; did you mean 'tracking-plan.yaml'?"]


def test_files_of_others_beside_the_brands_are_nobodys_business(brand: Path) -> None:
    (brand / "notes.yaml").write_text("anything: goes\n", "utf-8")

    assert built(brand).documents


def test_two_questions_that_would_be_counted_together_are_not_published(brand: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put_segment(brand, "a", "  performed: Order Completed\n  times: {gte: 2}")
    put_segment(brand, "b", "  performed: Gift Wrapped\n  times: {gte: 2}")
    built(brand)
    monkeypatch.setattr(Series, "key", "00000000")

    with pytest.raises(Rejected, match="has one name by chance"):
        built(brand)
