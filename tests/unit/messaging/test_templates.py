"""Templates: compiled at publish with errors that name file and line, rendered without letting any value out of its place."""

import contextlib
import itertools
import re
from base64 import b64encode, urlsafe_b64encode
from html import escape
from html.parser import HTMLParser
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from liquid.exceptions import LiquidError
from mjml import mjml2html

from ariane.errors import Permanent, Rejected
from ariane.messaging.brand import Brand
from ariane.messaging.liquid_environments import html_environment
from ariane.messaging.liquid_filters import SCOPE
from ariane.messaging.model import Channel
from ariane.messaging.rendering import EmailContent, locale_of, localised, render_email, render_sms
from ariane.messaging.templates import compile_template
from tests.builders.messaging import MJML, a_brand, a_scope, a_template

BAIT = "<script>x</script><img src=x onerror=y>\"'{{ brand.name }}{% if true %}\r\nBcc: all@shop.example"


def variables(**traits: Any) -> dict[str, Any]:
    return {
        "profile": {"traits": traits},
        "event": {"name": "Product Added", "properties": {"name": "Robe"}},
        "brand": {"name": "Ondine", "site_url": "https://shop.example"},
        "unsubscribe_url": "https://c.example/u/t",
    }


def email(source: str = MJML, **traits: Any) -> EmailContent:
    part = a_template(fr_email_mjml=source)["locales"]["fr"]["email"]
    return render_email(part, variables(**traits), a_scope())


def sms(source: str, **traits: Any) -> str:
    return render_sms(source, variables(**traits), a_scope()).text


def mail_with(text: str) -> str:
    inner = f"<mj-section><mj-column><mj-text>{text}</mj-text></mj-column></mj-section>"
    return f"---\nsubject: s\n---\n<mjml><mj-body>{inner}</mj-body></mjml>"


class _Elements(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, tuple[str, ...]]] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, tuple(name for name, _ in attrs)))


def test_an_email_has_its_subject_its_hidden_preheader_and_a_text_part() -> None:
    content = email(first_name="Ana")

    assert content.subject == "Ana, votre panier"
    assert re.search(r"<body[^>]*><div style=\"display:none[^>]*>Robe</div>", content.html)
    assert "Voir (https://t.example/https://shop.example/panier?a=1&b=2)" in content.text
    assert "Ana Robe" in content.text
    assert "<" not in content.text


def test_a_given_text_part_is_taken_instead() -> None:
    compiled = a_template(fr_email_mjml=MJML, fr_email_txt="Bonjour {{ profile.traits.first_name }}")

    content = render_email(compiled["locales"]["fr"]["email"], variables(first_name="Élo & Co"), a_scope())

    assert content.text == "Bonjour Élo & Co"


def test_an_unknown_trait_renders_as_nothing() -> None:
    assert sms("[{{ profile.traits.nope.deeper }}]") == "[]"


def test_variables_that_no_message_has_are_listed_at_compile() -> None:
    compiled = a_template(fr_sms_txt="{{ customer.name }} {% assign x = 1 %}{{ x }} {{ event.properties.total }}")

    assert compiled["unknown"] == ["fr/sms.txt: customer.name"]


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "at least one file"),
        ({"fr_email_html": "x"}, "fr/email.html: is not"),
        ({"fr_email_mjml": "<mjml></mjml>"}, "fr/email.mjml:1: does not begin with front matter"),
        ({"fr_email_mjml": "---\nsubject: s\n<mjml>"}, "fr/email.mjml:1: does not begin with front matter"),
        ({"fr_email_mjml": "---\nsubjet: s\n---\n"}, "fr/email.mjml:2: front matter knows"),
        ({"fr_email_mjml": '---\nsubject: "s\n---\n'}, "fr/email.mjml:2: the quotes do not close"),
        ({"fr_email_mjml": "---\npreheader: s\n---\n"}, "fr/email.mjml:1: has no subject"),
        ({"fr_email_mjml": "---\nsubject: s\n---\n<mjml><mj-nope>"}, "fr/email.mjml: is not MJML"),
        ({"fr_email_mjml": mail_with("\n\n{{ x | nope }}")}, "fr/email.mjml:6: there is no filter 'nope'"),
        ({"fr_email_mjml": mail_with("\n{% include 'x' %}")}, "fr/email.mjml:5: unexpected tag 'include'"),
        ({"fr_email_mjml": mail_with("{{ x | safe }}")}, "there is no filter 'safe'"),
        ({"fr_sms_txt": "a\nb {% if %}"}, "fr/sms.txt:2: missing expression"),
        ({"fr_email_txt": "text alone"}, "fr/email.txt: has no email.mjml beside it"),
    ],
)
def test_an_invalid_template_names_file_and_line(files: dict[str, str], message: str) -> None:
    paths = {"/".join(name.split("_", 1)).replace("_", "."): text for name, text in files.items()}

    with pytest.raises(Rejected) as caught:
        compile_template(paths, compile_mjml=mjml2html)

    assert message in caught.value.message


@pytest.mark.parametrize(
    ("traits", "locale"),
    [({"locale": "en_GB"}, "en-GB"), ({"language": "EN"}, "en"), ({"locale": "<b>"}, "fr"), ({"locale": 7}, "fr"), ({}, "fr")],
)
def test_the_locale_of_a_person(traits: dict[str, Any], locale: str) -> None:
    assert locale_of(traits, otherwise="fr") == locale


def test_the_nearest_locale_is_taken() -> None:
    compiled = {"locales": {"en": {"sms": "en"}, "fr-CA": {"sms": "ca"}, "fr": {"email": {}, "sms": "fr"}}}

    def found(locale: str, brand: Brand) -> str:
        return localised(compiled, Channel.SMS, locale=locale, brand=brand)[0]

    assert [found(locale, a_brand()) for locale in ("fr-CA", "fr-BE", "en-GB", "de")] == ["fr-CA", "fr", "en", "fr"]
    with pytest.raises(Permanent, match="no_template"):
        localised(compiled, Channel.EMAIL, locale="de", brand=a_brand(default_locale="en"))


@pytest.mark.parametrize(
    ("source", "locale", "shown"),
    [
        ("{{ 49.9 | money: 'EUR' }}", "fr", "49,90\u00a0€"),
        ("{{ 49.9 | money: 'EUR' }}", "en", "€49.90"),
        ("{{ '1234.5' | money: 'eur' }}", "fr", "1\u202f234,50\u00a0€"),
        ("{{ 4990 | money: 'EUR', minor: true }}", "en", "€49.90"),
        ("{{ 500 | money: 'JPY', minor: true }}", "en", "¥500"),
        ("{{ 1 | money }}", "en", "€1.00"),
        ("{{ 1 | money: profile.traits.currency }}", "en", "€1.00"),
        ("{{ 'free' | money }}", "en", ""),
        ("{{ true | money }}", "en", ""),
        ("{{ '1e400' | money }}", "en", ""),
        ("{{ 'NaN' | money }}", "en", ""),
        ("{{ '2026-11-22T23:30:00Z' | date: 'long' }}", "fr", "23 novembre 2026"),
        ("{{ '2026-11-22' | date: 'long' }}", "fr", "22 novembre 2026"),
        ("{{ '2026-11-22T23:30:00Z' | date: 'HH:mm' }}", "fr", "00:30"),
        ("{{ 'soon' | date }}", "fr", ""),
        ("{{ nothing | date }}", "fr", ""),
    ],
)
def test_money_and_dates_are_written_as_in_the_language(source: str, locale: str, shown: str) -> None:
    assert render_sms(source, variables(), a_scope(locale=locale)).text == shown


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "data:text/html,x", "https://u:p@shop.example", "https://", "http://a b", "x\ny", "//shop"]
)
def test_what_is_no_web_address_is_not_tracked(url: str) -> None:
    assert sms("[{{ profile.traits.url | track_link }}]", url=url) == "[]"


@pytest.mark.parametrize("url", ["javascript:alert(1)", " java\tscript:alert(1)", "data:text/html,x", "vbscript:x", "relative"])
def test_a_trait_that_becomes_a_dangerous_link_stops_the_message(url: str) -> None:
    with pytest.raises(Permanent, match="unsafe_link"):
        email(mail_with('<a href="{{ profile.traits.url }}">x</a>'), url=url)


def test_a_subject_stays_one_line() -> None:
    assert email(first_name="Ana\r\nBcc: all@shop.example\u2028x\x00\u202ey").subject == "Ana Bcc: all@shop.example x y, votre panier"


@pytest.mark.parametrize(
    "source",
    [
        "{% for a in (1..100000) %}x{% endfor %}",
        "{% assign x = 'aaaaaaaaaaaaaaaa' %}{% for a in (1..60) %}{% assign x = x | append: x %}{% endfor %}{{ x }}",
        "{% for a in (1..4000) %}{{ profile.traits.long }}{% endfor %}",
    ],
)
def test_a_template_without_end_is_cut_short(source: str) -> None:
    with pytest.raises(Permanent, match="render_error"):
        sms(source, long="x" * 1000)


@pytest.mark.parametrize("source", ["{{ profile.traits.tags | compact: 'a' }}", "{{ profile.traits.tags | uniq: 'a' }}"])
def test_whatever_a_filter_raises_is_one_error(source: str) -> None:
    with pytest.raises(Permanent, match="render_error"):
        render_sms(source, {"profile": {"traits": {"tags": [{"b": 1}, 2]}}}, a_scope())


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=60).map(lambda text: text + BAIT))
def test_no_trait_becomes_markup_liquid_or_a_header(value: str) -> None:
    tame, wild = email(first_name="Ana"), email(first_name=value)

    assert _Elements(wild.html).found == _Elements(tame.html).found
    assert "{{ brand.name }}" in wild.text
    assert not re.search(r"[\x00-\x1f\x7f]", wild.subject)


BAITS = (
    BAIT,
    b64encode(BAIT.encode()).decode(),
    urlsafe_b64encode(BAIT.encode()).decode(),
    quote(BAIT),
    escape(BAIT),
    escape(escape(BAIT)),
)


SHAPES = (
    "trait | F",
    "trait | F | F",
    "trait | F: 1",
    "trait | F: 1, 200",
    "trait | F: trait",
    "trait | F: 'a', trait",
    "trait | F: trait, 'a'",
    "'a' | F: trait",
    "'a' | F: 'a', trait",
    "list | F",
    "list | F: trait",
    "list | F: list",
    "7 | F: 2",
)


@pytest.mark.parametrize("name", sorted(html_environment().filters))
def test_no_filter_lets_a_value_out_of_escaping(name: str) -> None:
    """Whatever a filter makes of the bait, no element comes of it."""
    rendered = 0
    for bait, shape in itertools.product(BAITS, SHAPES):
        source = "{{ " + shape.replace("F", name) + " }}"
        with contextlib.suppress(LiquidError, ArithmeticError, ValueError, TypeError):
            html = html_environment().from_string(source).render(trait=bait, list=[bait, bait], **{SCOPE: a_scope()})
            rendered += 1
            assert [tag for tag, _ in _Elements(html).found if tag != "br"] == [], source
    assert rendered, "no shape suits this filter"
