"""A template's files compiled into what the sender renders: ``<locale>/{email.mjml,email.txt,sms.txt}``.

An ``email.mjml`` begins with its front matter::

    ---
    subject: "{{ profile.traits.first_name | default: 'Hello' }}, your bag is waiting"
    preheader: We are keeping it for you.
    ---
    <mjml>…

Compiled form, JSON: ``{"locales": {locale: {"email": {"subject", "html", "text" (optional)}, "sms": text}}, "unknown": [variables]}``.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from liquid.exceptions import LiquidError

from ariane.errors import Rejected
from ariane.messaging.liquid_environments import parsed, problem_of

VARIABLES = frozenset({"profile", "event", "brand", "unsubscribe_url", "locale"})
"""What a render knows; anything else is empty for ever."""

_FILES = frozenset({"email.mjml", "email.txt", "sms.txt"})
_LOCALE = re.compile(r"[a-z]{2,3}(-[A-Z]{2})?")
_MARK = "---"
_BODY = re.compile(r"<body[^>]*>")
_HIDDEN = "display:none;max-height:0;max-width:0;opacity:0;overflow:hidden;font-size:1px;line-height:1px;color:#ffffff;"


@dataclass(frozen=True, slots=True)
class _FrontMatter:
    subject: str
    preheader: str
    body: str
    lines: int
    """How many lines of the file come before ``body``."""


def compile_template(files: Mapping[str, str], *, compile_mjml: Callable[[str], str]) -> dict[str, Any]:
    """``files`` maps ``fr/email.mjml`` and the like to their texts. ``compile_mjml`` makes HTML of MJML and raises ValueError.

    Raises Rejected (``invalid_template``) whose message begins with the file, and the line where it is known. ``unknown`` in the result
    lists ``file: variable`` for variables that no render has: they would come out empty.
    """
    locales: dict[str, dict[str, Any]] = {}
    unknown: list[str] = []
    for path in sorted(files):
        locale, _, name = path.partition("/")
        if not _LOCALE.fullmatch(locale) or name not in _FILES:
            raise _invalid(path, f"is not <locale>/ with one of {', '.join(sorted(_FILES))}")
        part = _compile_file(path, name, files[path], compile_mjml)
        unknown += [f"{path}: {variable}" for variable in _unknown(part, is_html_file=name == "email.mjml")]
        _put(locales.setdefault(locale, {}), name, part)
    for locale, parts in locales.items():
        if "email" in parts and "html" not in parts["email"]:
            raise _invalid(f"{locale}/email.txt", "has no email.mjml beside it")
    if not locales:
        raise Rejected("invalid_template", "a template needs at least one file")
    return {"locales": locales, "unknown": unknown}


def _compile_file(path: str, name: str, text: str, compile_mjml: Callable[[str], str]) -> dict[str, str]:
    if name != "email.mjml":
        _check(path, text, is_html=False)
        return {"text": text.strip()}
    matter = _front_matter(path, text)
    _check(path, matter.subject, is_html=False)
    _check(path, matter.preheader, is_html=True)
    _check(path, matter.body, is_html=True, lines_before=matter.lines)
    try:
        html = compile_mjml(matter.body)
    except ValueError as error:
        raise _invalid(path, f"is not MJML: {error}") from error
    html = _with_preheader(html, matter.preheader)
    _check(path, html, is_html=True)
    return {"subject": matter.subject, "html": html}


def _put(parts: dict[str, Any], name: str, part: Mapping[str, str]) -> None:
    if name == "sms.txt":
        parts["sms"] = part["text"]
    else:
        parts.setdefault("email", {}).update(part)


def _front_matter(path: str, text: str) -> _FrontMatter:
    lines = text.removeprefix("\ufeff").split("\n")
    if lines[0].strip() != _MARK or _MARK not in (line.strip() for line in lines[1:]):
        raise _invalid(path, f"does not begin with front matter between two lines of {_MARK}", line=1)
    end = next(number for number, line in enumerate(lines) if number and line.strip() == _MARK)
    fields = {"subject": "", "preheader": ""}
    for number, line in enumerate(lines[1:end], start=2):
        name, colon, value = line.partition(":")
        if line.strip() and (not colon or name.strip() not in fields):
            raise _invalid(path, "front matter knows subject and preheader", line=number)
        fields |= {name.strip(): _scalar(path, value.strip(), number)} if line.strip() else {}
    if not fields["subject"].strip():
        raise _invalid(path, "has no subject", line=1)
    return _FrontMatter(fields["subject"], fields["preheader"], "\n".join(lines[end + 1 :]), end + 1)


def _scalar(path: str, value: str, line: int) -> str:
    """A YAML scalar on one line: plain, or in quotes of either kind."""
    if value.startswith('"'):
        try:
            return str(json.loads(value))
        except ValueError as error:
            raise _invalid(path, "the quotes do not close", line=line) from error
    if value.startswith("'"):
        if len(value) < 2 or not value.endswith("'"):
            raise _invalid(path, "the quotes do not close", line=line)
        return value[1:-1].replace("''", "'")
    return value


def _with_preheader(html: str, preheader: str) -> str:
    """What mail programs show beside the subject; hidden in the body."""
    if not preheader:
        return html
    body = _BODY.search(html)
    at = body.end() if body else 0
    return f'{html[:at]}<div style="{_HIDDEN}">{preheader}</div>{html[at:]}'


def _check(path: str, source: str, *, is_html: bool, lines_before: int = 0) -> None:
    try:
        template = parsed(source, is_html=is_html)
    except LiquidError as error:
        place = error.context()
        raise _invalid(path, problem_of(error), line=place[0] + lines_before if place else None) from error
    for name, spans in template.analyze().filters.items():
        if name not in template.env.filters:
            line = source.count("\n", 0, spans[0].index) + 1
            raise _invalid(path, f"there is no filter {name!r}", line=line + lines_before)


def _unknown(part: Mapping[str, str], *, is_html_file: bool) -> Iterator[str]:
    seen: set[str] = set()
    for name, source in part.items():
        used = parsed(source, is_html=is_html_file and name == "html").analyze().globals
        seen |= {str(variable) for root, variables in used.items() if root not in VARIABLES for variable in variables}
    yield from sorted(seen)


def _invalid(path: str, problem: str, *, line: int | None = None) -> Rejected:
    where = path if line is None else f"{path}:{line}"
    return Rejected("invalid_template", f"{where}: {problem}")
