"""YAML with positions: types of JSON only, bounded, keys once."""

import pytest

from ariane.definitions.yaml_source import YamlInvalid, read_yaml


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("FR", "FR"),
        ("2026-11-22", "2026-11-22"),
        ("0612", "0612"),
        ("12", 12),
        ("-3", -3),
        ("1.5", 1.5),
        ("1e3", "1e3"),
        ("true", True),
        ("~", None),
        ("'12'", "12"),
        ("1_000", "1_000"),
        (".inf", ".inf"),
        ("12:30", "12:30"),
    ],
)
def test_a_scalar_is_what_it_looks_like_in_json(text: str, value: object) -> None:
    assert read_yaml("f", f"a: {text}").data == {"a": value}


def problem_of(text: str) -> str:
    with pytest.raises(YamlInvalid) as caught:
        read_yaml("brand/x.yaml", text)
    return str(caught.value.problem)


def test_a_key_given_twice_is_named_with_its_place() -> None:
    assert problem_of("a:\n  b: 1\n  b: 2\n") == "brand/x.yaml:3:3: a.b: the key 'b' is given twice"


def test_broken_yaml_is_named_with_its_place() -> None:
    assert problem_of("a: [1, 2\nb: 3\n") == "brand/x.yaml:1:4: what is opened here is not closed: a ']' is missing"


@pytest.mark.parametrize("value", ["!!python/object/apply:os.system ['true']", "!!set {b}", "!secret x", "!!binary eA==", "!!int x"])
def test_a_tag_is_not_read(value: str) -> None:
    problem = problem_of(f"a: {value}")

    assert problem.startswith("brand/x.yaml:1:4: a: the tag ")
    assert problem.endswith("is not read here")


def test_a_key_that_is_no_text_is_refused() -> None:
    assert problem_of("1: a") == "brand/x.yaml:1:1: a key is text; put it in quotes"


def test_a_bomb_of_aliases_runs_into_the_bound() -> None:
    levels = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    levels += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9)]

    assert "holds more than" in problem_of("\n".join(levels))


def test_an_alias_within_itself_runs_into_the_bound() -> None:
    assert "holds more than" in problem_of("a: &a [*a]")


def test_nesting_is_bounded_before_anything_recurses() -> None:
    assert "is nested deeper" in problem_of("[" * 50_000)


def test_size_is_bounded() -> None:
    assert "larger than" in problem_of("#" * 300_000)


def test_an_alias_is_read_where_it_stands() -> None:
    assert read_yaml("f", "a: &x {b: 1}\nc: *x\n").data == {"a": {"b": 1}, "c": {"b": 1}}


def test_an_empty_file_holds_nothing() -> None:
    assert read_yaml("f", "").data is None
