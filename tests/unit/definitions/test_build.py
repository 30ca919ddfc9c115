"""From a brand's folder to a bundle; and every problem of it, by file, line, column and field."""

import re
import shutil
from pathlib import Path

import orjson
import pytest

from ariane.definitions.build import build
from ariane.definitions.bundle import Bundle, write
from ariane.definitions.problems import BrandInvalid, Problem
from ariane.identity.rules import Rules
from ariane.journeys.entry_rules import entry_patterns
from ariane.messaging.brand import Brand

SAMPLE = Path(__file__).parents[3] / "brand"


def html_of(mjml: str) -> str:
    """Compiling MJML is the real compiler's own business."""
    return f"<html><body>{mjml}</body></html>"


@pytest.fixture
def brand(tmp_path: Path) -> Path:
    return shutil.copytree(SAMPLE, tmp_path / "brand")


def built(folder: Path) -> Bundle:
    return build(folder, compile_mjml=html_of)


def problems_of(folder: Path) -> list[str]:
    with pytest.raises(BrandInvalid) as caught:
        built(folder)
    return [str(problem) for problem in caught.value.problems]


def put(folder: Path, name: str, text: str) -> None:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text, "utf-8")


JOURNEY = """name: test
entry:
  event: Product Added
  key: cart_id
exit:
  event: Order Completed
steps:
  - wait: 1 hour
  - send: {channel: email, template: cart-reminder, topic: offers}
"""


def problems_of_journey(brand: Path, *changes: tuple[str, str]) -> list[str]:
    text = JOURNEY
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    put(brand, "journeys/test.yaml", text)
    return problems_of(brand)


def test_the_sample_brand_builds() -> None:
    bundle = built(SAMPLE)

    assert {"cart-abandonment", "loyalty-welcome", "order-confirmation"} <= set(bundle.journeys)
    assert "Order Completed" in bundle.documents["interest"]["awaited"]
    assert bundle.documents["collect"]["sources"]["web"]["kind"] == "browser"


def test_the_readers_of_the_documents_read_them() -> None:
    documents = built(SAMPLE).documents

    assert "email" in Rules.from_document(documents["identity"]).namespaces
    assert "offers" in Brand.from_document(documents["messaging"]).topics


def test_the_same_files_make_the_same_bundle(brand: Path, tmp_path: Path) -> None:
    assert built(brand).version == built(SAMPLE).version
    write(built(brand), tmp_path / "one")
    write(built(SAMPLE), tmp_path / "two")
    files = {path.relative_to(tmp_path / "one"): path.read_bytes() for path in (tmp_path / "one").rglob("*.json")}
    assert files
    assert files == {path.relative_to(tmp_path / "two"): path.read_bytes() for path in (tmp_path / "two").rglob("*.json")}


def test_another_text_of_a_template_is_another_version_of_its_journeys_only(brand: Path) -> None:
    before = built(brand)
    path = brand / "templates/order-confirmation/fr/sms.txt"
    path.write_text(path.read_text("utf-8") + " Merci.", "utf-8")
    after = built(brand)

    changed = {name for name in before.journeys if before.journeys[name]["version"] != after.journeys[name]["version"]}
    assert changed == {"order-confirmation"}
    assert before.version != after.version


def test_a_version_is_twelve_hexadecimal_digits_and_holds_its_templates(brand: Path) -> None:
    journey = built(brand).journeys["cart-abandonment"]

    assert re.fullmatch(r"[0-9a-f]{12}", journey["version"])
    assert set(journey["templates"]) == {"cart-reminder"}
    assert "html" in journey["templates"]["cart-reminder"]["locales"]["fr"]["email"]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("topic: offers", "topic: ofers", "brand/journeys/test.yaml:9:60: steps[1].send.topic: there is no topic 'ofers'"),
        ("template: cart-reminder", "template: cart", "brand/journeys/test.yaml:9:38: steps[1].send.template: there is no template 'cart'"),
        ("channel: email", "channel: fax", "brand/journeys/test.yaml:9:21: steps[1].send.channel: must be 'email' or 'sms'"),
        (
            "channel: email",
            "channel: sms",
            "brand/journeys/test.yaml:9:36: steps[1].send.template: the template 'cart-reminder' has no sms",
        ),
        (", topic: offers", "", "brand/journeys/test.yaml:9:11: steps[1].send.topic: is required"),
        ("wait: 1 hour", "wait: a while", "brand/journeys/test.yaml:8:11: steps[0].wait: 'a while' is not a duration"),
        (
            "wait: 1 hour",
            "sleep: 1 hour",
            "brand/journeys/test.yaml:8:5: steps[0]: is not a step such as '- wait: 1 hour': it needs exactly one of the keys",
        ),
        ("wait: 1 hour", "wait: 1 hour\n    until: x", "brand/journeys/test.yaml:9:5: steps[0].until: is not a known key here"),
        ("  key: cart_id", "  kee: cart_id", "brand/journeys/test.yaml:4:3: entry.kee: is not a known key here"),
        ("name: test", "name: other", "brand/journeys/test.yaml:1:7: name: the file's name says 'test'"),
        ("name: test", "title: test", "brand/journeys/test.yaml:1:1: name: is required"),
        (
            "exit:\n  event: Order Completed",
            "exit:\n  event: Product *",
            "brand/journeys/test.yaml:6:10: exit.event: must be another event",
        ),
        ("  key: cart_id", "  key: ''", "brand/journeys/test.yaml:4:8: entry.key: '' is not a name, or names with dots"),
        (
            "  - wait: 1 hour",
            "  - branch:\n      - if: {trait: plan, like: x}\n        then: []",
            "brand/journeys/test.yaml:9:27: steps[0].branch[0].if.like: is not a known key here",
        ),
        (
            "  - wait: 1 hour",
            "  - branch:\n      - if: {preformed: X}\n        then: []",
            "brand/journeys/test.yaml:9:13: steps[0].branch[0].if: is not a condition",
        ),
    ],
)
def test_a_mistake_in_a_journey_is_named_where_it_stands(brand: Path, old: str, new: str, expected: str) -> None:
    problem, *_ = problems_of_journey(brand, (old, new))

    assert problem.startswith(expected)


ENTRY = "  key: cart_id\n"


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        # what stands under a key
        (ENTRY, "  key: [cart_id]\n", "4:8: entry.key: must be a text"),
        (ENTRY, "  key: .cart\n", "4:8: entry.key: '.cart' is not a name, or names with dots between"),
        (ENTRY, "  imports: yes\n", "4:12: entry.imports: must be true or false"),
        ("event: Product Added", "event: '*Added'", "3:10: entry.event: '*Added' is not an event's name; a * may only be its end"),
        ("event: Product Added", "event:", "3:9: entry.event: has no value; must be a text"),
        (ENTRY, "  where: {property: price, gte: 20}\n", "4:10: entry.where: must be a list"),
        (ENTRY, "  where:\n    - {property: price, gt_e: 20}\n", "5:25: entry.where[0].gt_e: is not a known key here; did you mean 'gte'?"),
        (ENTRY, "  where:\n    - {property: price, gte: many}\n", "5:30: entry.where[0].gte: 'many' is neither a number nor an ISO 8601"),
        (ENTRY, "  where:\n    - {property: price}\n", "5:7: entry.where[0]: needs exactly one operator of: equals"),
        (ENTRY, "  where:\n    - {property: price, gt: 1, lt: 9}\n", "5:7: entry.where[0]: needs exactly one operator of: equals"),
        (ENTRY, "  where:\n    - {property: price, in: 20}\n", "5:29: entry.where[0].in: must be a list"),
        (ENTRY, "  where:\n    - {property: at, within: last week}\n", "5:30: entry.where[0].within: 'last week' is not a duration"),
        (ENTRY, "  where:\n    - {trait: price, gte: 20}\n", "5:7: entry.where[0].property: is required"),
        (ENTRY, "  if: {trait: plan, not_equal: a}\n", "4:21: entry.if.not_equal: is not a known key here; did you mean 'not_equals'?"),
        (ENTRY, "  if: {all: {trait: plan, equals: a}}\n", "4:13: entry.if.all: must be a list"),
        (ENTRY, "  if: {not: {trait: plan, equal: a}}\n", "4:27: entry.if.not.equal: is not a known key here; did you mean 'equals'?"),
        (ENTRY, "  if: {any: [{trait: plan, exists: maybe}]}\n", "4:36: entry.if.any[0].exists: must be true or false"),
        (ENTRY, "  if: {property: plan, equals: a}\n", "4:7: entry.if: is not a condition: it needs one of the keys all, any, not, trait"),
        ("  event: Order Completed", "  events: Order Completed", "6:3: exit.event: is required"),
        ("  event: Order Completed", "  event: Order Completed\n  match: 7", "7:10: exit.match: must be a text"),
        (
            "  event: Order Completed",
            "  event: Order Completed\n  where: [{property: a, is: b}]",
            "7:25: exit.where[0].is: is not a known key",
        ),
        ("exit:\n", "reentry: {at_most: 0}\nexit:\n", "5:20: reentry.at_most: must be at least 1"),
        ("exit:\n", "reentry: {}\nexit:\n", "5:10: reentry: needs after, at_most or both"),
        ("exit:\n", "reentry: 1 day\nexit:\n", "5:10: reentry: must be keys with values"),
        ("exit:\n", "locale: french\nexit:\n", "5:9: locale: 'french' is not a locale such as fr"),
        ("exit:\n", "time_zone: Paris\nexit:\n", "5:12: time_zone: 'Paris' is not a time zone such as Europe/Paris"),
        ("exit:\n", "max_event_age: 1\nexit:\n", "5:16: max_event_age: 1 is not a duration"),
        ("name: test", "name: Test it", "1:7: name: 'Test it' is not a name of small letters, digits and dashes"),
        ("wait: 1 hour", "wait: 60", "8:11: steps[0].wait: 60 is not a duration such as '15 minutes'"),
        ("wait: 1 hour", "wait:1 hour", "8:5: steps[0]: is not a step such as '- wait: 1 hour'"),
        ("wait: 1 hour", "wait: 1 hour\n    exit: {}", "8:5: steps[0]: is not a step such as '- wait: 1 hour': it needs exactly one"),
        ("wait: 1 hour", "branch:\n    - else: []", "8:5: steps[0]: needs an if first"),
        ("wait: 1 hour", "branch:\n    - {if: {trait: a, exists: true}, thn: []}", "9:7: steps[0].branch[0].then: is required"),
        ("wait: 1 hour", "exit: now", "8:11: steps[0].exit: must be keys with values"),
        ("steps:\n", "steps: []\nstep:\n", "7:8: steps: must not be empty"),
        # what is not YAML
        (ENTRY, "\tkey: cart_id\n", "4:1: a tab: indent with blanks"),
        (ENTRY, "key: cart_id\n", "4:1: key: is not a known key here; known: entry, exit"),
        (ENTRY, "    key: cart_id\n", "4:8: a ':' is not expected here: this line or the one above is indented wrongly"),
        (ENTRY, ENTRY + ENTRY, "5:3: entry.key: the key 'key' is given twice"),
        (ENTRY, "  key cart_id\n", "4:3: a ':' is missing after this key"),
        (ENTRY, "  key: @cart\n", "4:8: a text that begins with '@' needs quotes"),
        (ENTRY, "  key: 'cart_id\n", "4:8: this quote is never closed"),
        (ENTRY, "  key: 'client's'\n", "4:16: there is more after the closing quote"),
        (ENTRY, "  where: [{property: a, equals: b]\n", "4:11: what is opened here is not closed: a '}' is missing"),
        ("  - wait", "   - wait", "9:3: this line is indented wrongly"),
        ("  - wait: 1 hour\n  - send", "  - wait: 1 hour\n  send", "9:3: this line is indented wrongly, or its '- ' is missing"),
    ],
)
def test_a_message_says_to_whoever_is_no_programmer_what_to_write(brand: Path, old: str, new: str, expected: str) -> None:
    problem, *_ = problems_of_journey(brand, (old, new))

    assert problem.startswith(f"brand/journeys/test.yaml:{expected}")


def test_a_run_that_an_exit_is_to_match_needs_a_key(brand: Path) -> None:
    problem, *_ = problems_of_journey(brand, (ENTRY, ""), ("  event: Order Completed", "  event: Order Completed\n  match: cart_id"))

    assert problem == "brand/journeys/test.yaml:6:10: exit.match: compares with the run's key, and entry.key is not given"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "1:1: has no value; must be keys with values"),
        ("- name: test\n", "1:1: must be keys with values"),
    ],
)
def test_a_file_without_keys_is_told_so(brand: Path, text: str, expected: str) -> None:
    put(brand, "journeys/test.yaml", text)

    assert problems_of(brand)[0].startswith(f"brand/journeys/test.yaml:{expected}")


@pytest.mark.parametrize(
    ("file", "old", "new", "expected"),
    [
        ("sources.yaml", "kind: browser", "kind: web", "kind: must be 'browser', 'app', 'server', 'store' or 'import'"),
        ("ariane.yaml", "default_locale:", "default_local:", "default_local: is not a known key here; did you mean 'default_locale'?"),
        ("topics.yaml", "class: marketing", "clas: marketing", "clas: is not a known key here; did you mean 'class'?"),
        ("identity.yaml", "priority: 1,", "priorty: 1,", "priorty: is not a known key here; did you mean 'priority'?"),
    ],
)
def test_a_mistake_in_another_file_is_told_as_plainly(brand: Path, file: str, old: str, new: str, expected: str) -> None:
    text = (brand / file).read_text("utf-8")
    assert old in text
    put(brand, file, text.replace(old, new, 1))

    assert any(expected in problem for problem in problems_of(brand))


def test_every_problem_is_told_at_once_in_order(brand: Path) -> None:
    put(brand, "topics.yaml", "topics:\n  offers:\n    class: marketing\n    channels: [sms]\n    label: {en: Offers}\n")
    put(brand, "sources.yaml", "sources:\n  web: {kind: webb}\n")
    problems = problems_of_journey(brand, ("1 hour", "soon"), ("topic: offers", "topic: Offers!"))

    assert [problem.split(": ")[0] for problem in problems if "loyalty" not in problem and "order-conf" not in problem] == [
        "brand/journeys/cart-abandonment.yaml:12:21",
        "brand/journeys/test.yaml:8:11",
        "brand/journeys/test.yaml:9:60",
        "brand/segments/newsletter-prospects.yaml:10:42",
        "brand/sources.yaml:2:15",
        "brand/topics.yaml:5:12",
    ]


def test_a_journey_under_another_ending_is_not_overlooked(brand: Path) -> None:
    put(brand, "journeys/test.yml", JOURNEY)

    assert problems_of(brand) == ["brand/journeys/test.yml:1:1: the file's name does not end in .yaml"]


def test_a_hidden_file_among_the_templates_is_nobodys_business(brand: Path) -> None:
    put(brand, "templates/order-confirmation/.DS_Store", "x")

    assert built(brand).version == built(SAMPLE).version


def test_a_missing_file_is_a_problem(brand: Path) -> None:
    (brand / "identity.yaml").unlink()

    assert problems_of(brand) == ["brand/identity.yaml:1:1: the file is missing"]


def test_a_mistake_in_the_liquid_of_a_template_is_named_with_its_file(brand: Path) -> None:
    put(brand, "templates/order-confirmation/fr/sms.txt", "Bonjour {{ profile.traits.first_name | shout }}")

    (problem,) = problems_of(brand)
    assert problem.startswith("brand/templates/order-confirmation/fr/sms.txt:1:1: there is no filter 'shout'")


def test_a_variable_that_no_message_has_is_a_problem(brand: Path) -> None:
    put(brand, "templates/order-confirmation/fr/sms.txt", "Bonjour {{ custommer.name }}")

    (problem,) = problems_of(brand)
    assert problem.startswith("brand/templates/order-confirmation/fr/sms.txt:1:1: no message has a variable 'custommer.name'")


def test_a_template_needs_the_default_locale(brand: Path) -> None:
    shutil.rmtree(brand / "templates/order-confirmation/fr")

    (problem,) = problems_of(brand)
    assert "order-confirmation.yaml" in problem
    assert "has no sms in fr, the brand's default locale" in problem


def test_a_problem_is_told_to_programs_too() -> None:
    problem = Problem("f.yaml", 1, 2, "a[0].b", "missing", "is required")

    assert orjson.loads(orjson.dumps(problem.as_json())) == {
        "file": "f.yaml",
        "line": 1,
        "column": 2,
        "field": "a[0].b",
        "code": "missing",
        "message": "is required",
        "severity": "error",
    }


def test_an_entry_rule_filters_on_the_event_and_on_flat_texts(brand: Path) -> None:
    where = (
        "where: [{property: channel, in: [app, web]}, {property: n, equals: 5}, {property: a.b, equals: x}, {property: ok, equals: true}]"
    )
    put(brand, "journeys/test.yaml", JOURNEY.replace("  key: cart_id", f"  {where}"))

    assert entry_patterns(built(brand))["test"] == {
        "source": ["ariane"],
        "detail-type": ["Event"],
        "detail": {"event": ["Product Added"], "properties": {"channel": ["app", "web"], "ok": [True]}},
    }


def test_an_entry_rule_takes_a_star_as_a_prefix(brand: Path) -> None:
    put(brand, "journeys/test.yaml", JOURNEY.replace("event: Product Added", "event: Product *"))

    assert entry_patterns(built(brand))["test"]["detail"] == {"event": [{"prefix": "Product "}]}


def test_the_example_of_the_reference_is_a_journey(brand: Path) -> None:
    text = (SAMPLE.parent / "docs" / "reference" / "journeys.md").read_text("utf-8")
    put(brand, "journeys/cart-abandonment.yaml", text.split("```yaml\n")[1].split("```")[0])
    put(brand, "templates/cart-reminder/fr/sms.txt", "Votre panier vous attend.")

    assert "cart-abandonment" in built(brand).journeys
