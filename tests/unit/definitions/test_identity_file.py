"""What ``brand/identity.yaml`` may say, and where a mistake in it is named."""

import shutil
from pathlib import Path

import orjson
import pytest

from ariane.definitions.build import build
from ariane.definitions.identity_file import read_rules
from ariane.definitions.problems import BrandInvalid
from ariane.errors import Rejected
from ariane.identity.namespaces import DEFAULT_NAMESPACES
from ariane.identity.rules import Limit, Rules

PROJECT = Path(__file__).parents[3]
SAMPLE = PROJECT / "brand"
RULES = """namespaces:
  user_id: {priority: 1, unique: true}
  email:   {priority: 2, limit: 5, normalise: email}
  card:    {priority: 4, limit: {count: 2, within: 30 days}}
  device:  {priority: 8, limit: none, device: true}
blocked: {values: [demo@example.com], patterns: ['^test-']}
component_limit: 50
spread: 20
protect: [email]
default_country: FR
"""


def problems(*changes: tuple[str, str], text: str = RULES) -> list[str]:
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    with pytest.raises(BrandInvalid) as caught:
        read_rules("rules.yaml", text)
    return [str(problem) for problem in caught.value.problems]


def test_rules_are_read_from_yaml() -> None:
    rules = read_rules("rules.yaml", RULES)

    assert (rules.namespaces["user_id"].limit, rules.namespaces["card"].limit) == (Limit(1), Limit(2, 30 * 86_400))
    assert (rules.default_country, rules.protect) == ("FR", frozenset({"email"}))


def test_what_is_published_of_a_brand_is_read_as_well() -> None:
    documents = build(SAMPLE, compile_mjml=lambda text: f"<p>{text}</p>").documents

    rules = read_rules("identity.json", orjson.dumps(documents["identity"]).decode())
    assert rules == Rules.from_document(documents["identity"]) == Rules.from_document(documents["collect"]["identity"])
    assert rules.countries


def test_the_sample_brand_has_the_default_namespaces() -> None:
    assert read_rules("identity.yaml", (SAMPLE / "identity.yaml").read_text("utf-8")).namespaces == Rules.from_document({}).namespaces
    assert list(DEFAULT_NAMESPACES)[:6] == ["user_id", "email", "phone", "loyalty_card", "device_id", "anonymous_id"]


def test_the_file_in_the_documentation_is_whole_and_its_mistakes_are_told_as_it_says() -> None:
    page = (PROJECT / "docs" / "reference" / "identity-rules.md").read_text("utf-8")
    told, text = page.split("```")[1].strip().splitlines(), page.split("```yaml\n")[1].split("```")[0]
    assert read_rules("identity.yaml", text) == read_rules("identity.yaml", (SAMPLE / "identity.yaml").read_text("utf-8"))

    wrong = text.replace("priority: 3", "priority: 2", 1).replace("['^test-']", "['^test-', '(a+)+$', '@']", 1)
    with pytest.raises(BrandInvalid) as caught:
        read_rules("brand/identity.yaml", wrong)
    assert [str(problem) for problem in caught.value.problems] == told


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("priority: 2", "priority: 1", "3:23: namespaces.email.priority: email and user_id both have the priority 1"),
        (
            "normalise: email",
            "normalise: e-mail",
            "3:47: namespaces.email.normalise: there is no normaliser 'e-mail'; did you mean 'email'?",
        ),
        ("limit: 5", "limit: 0", "3:33: namespaces.email.limit: must be at least 1"),
        ("limit: 5", "limit: -1", "3:33: namespaces.email.limit: must be at least 1"),
        ("limit: 5", "limit: true", "3:33: namespaces.email.limit: must be a whole number"),
        ("limit: 5", "limit: 2.5", "3:33: namespaces.email.limit: must be a whole number"),
        ("limit: 5", "limit:", "3:32: namespaces.email.limit: has no value; must be a whole number"),
        ("limit: 5", "limits: 5", "3:26: namespaces.email.limits: is not a known key here; did you mean 'limit'?"),
        ("unique: true", "unique: true, limit: 2", "2:47: namespaces.user_id.limit: must be 1, or left out"),
        ("unique: true", "unique: true, device: true", "2:48: namespaces.user_id.device: a device may be shared"),
        ("unique: true", "unique: yes", "2:34: namespaces.user_id.unique: must be true or false"),
        ("within: 30 days", "within: a month", "4:52: namespaces.card.limit.within: 'a month' is not a duration"),
        (", within: 30 days", "", "4:33: namespaces.card.limit.within: is required"),
        ("count: 2", "count: 0", "4:41: namespaces.card.limit.count: must be at least 1"),
        ("  email: ", "  E-Mail:", "3:3: namespaces.E-Mail: 'E-Mail' is not a name of small letters"),
        ("'^test-'", "'^test-', '.*'", "6:60: blocked.patterns[1]: '.*' matches an empty text"),
        (
            "'^test-'",
            "'^test-', '@'",
            "6:60: blocked.patterns[1]: '@' matches every e-mail address: nothing that looks like an e-mail address",
        ),
        ("'^test-'", "'[.][a-z]+$'", "6:50: blocked.patterns[0]: '[.][a-z]+$' matches every e-mail address"),
        ("'^test-'", "'-4[0-9a-f]{3}-'", "6:50: blocked.patterns[0]: '-4[0-9a-f]{3}-' matches every UUID"),
        ("'^test-'", "'(a+)+$'", "6:50: blocked.patterns[0]: '(a+)+$' could take too long on what the public sends"),
        ("'^test-'", "'['", "6:50: blocked.patterns[0]: '[' is not a regular expression"),
        ("[demo@example.com]", "[12]", "6:20: blocked.values[0]: must be a text; a number is one in quotes"),
        ("component_limit: 50", "component_limit: 0", "7:18: component_limit: must be at least 1"),
        ("spread: 20", "spreed: 20", "8:1: spreed: is not a known key here; did you mean 'spread'?"),
        ("protect: [email]", "protect: [email, emial]", "9:18: protect[1]: there is no namespace 'emial'; did you mean 'email'?"),
        ("protect: [email]", "protect: [device]", "9:11: protect[0]: 'device' cannot be protected: a device is nobody's own"),
        ("protect: [email]", "protect: [user_id]", "9:11: protect[0]: 'user_id' cannot be protected"),
        ("default_country: FR", "default_country: fr", "10:18: default_country: 'fr' is not a country of two capitals"),
        ("default_country: FR", "default_country: XX", "10:18: default_country: telephone numbers of 'XX' are not known"),
        ("  email: ", "  user_id: ", "3:3: namespaces.user_id: the key 'user_id' is given twice"),
        ("spread: 20", "spread: 20\n  x: 1", "9:4: a ':' is not expected here"),
    ],
)
def test_a_mistake_is_named_where_it_stands(old: str, new: str, expected: str) -> None:
    found = problems((old, new))

    assert any(problem.startswith(f"rules.yaml:{expected}") for problem in found), found


@pytest.mark.parametrize(
    ("pattern", "kind"),
    [("@", "e-mail address"), ("^[+]", "telephone number"), ("[0-9]{8}", "telephone number"), ("-", "UUID"), ("^[0-9]+[.]", "Google")],
)
def test_a_pattern_that_leaves_nothing_of_a_namespace_is_refused_wherever_rules_are_read(pattern: str, kind: str) -> None:
    """The functions read what is published with the same eyes."""
    with pytest.raises(Rejected, match=kind) as raised:
        Rules.from_document({"blocked": {"patterns": [pattern]}})
    assert raised.value.code == "invalid_rules"


@pytest.mark.parametrize(
    "pattern",
    [
        "@mailinator[.]com$",
        "[.]fr$",
        "^[+]33",
        "^test-",
        "^[0-9]{6}$",
        "^(noreply|info)@",
        "^00000000-",
        "[0-9]{12}$",
        "^[a-f]",
        "@[a-z]+[.]com$",
    ],
)
def test_a_pattern_that_leaves_something_of_each_namespace_is_allowed(pattern: str) -> None:
    assert Rules.from_document({"blocked": {"patterns": [pattern]}}).blocked_patterns


def test_a_pattern_may_empty_what_the_brand_has_no_namespace_for() -> None:
    document = {"namespaces": {"user_id": {"priority": 1, "unique": True}}, "blocked": {"patterns": ["@"]}}
    assert Rules.from_document(document).blocked_patterns


def test_all_mistakes_are_told_in_the_order_of_the_file() -> None:
    found = problems(("limit: 5", "limit: 0"), ("priority: 8", "priority: 4"), ("'^test-'", "'.'"), ("spread: 20", "spread: 0"))

    assert [problem.split(": ")[1] for problem in found] == [
        "namespaces.email.limit",
        "namespaces.device.priority",
        "blocked.patterns[0]",
        "spread",
    ]


@pytest.mark.parametrize("text", ["", "[]", "spread: 20\n", "rules", "namespaces: {}"])
def test_a_file_that_says_nothing_of_namespaces_is_refused(text: str) -> None:
    assert problems(text=text)


def test_a_brand_says_countries_in_its_sources(tmp_path: Path) -> None:
    brand = shutil.copytree(SAMPLE, tmp_path / "brand")
    path = brand / "identity.yaml"
    path.write_text(path.read_text("utf-8") + "countries: {web: FR}\n", "utf-8")

    with pytest.raises(BrandInvalid, match="countries: is not a known key here"):
        build(brand, compile_mjml=lambda text: f"<p>{text}</p>")
