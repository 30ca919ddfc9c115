"""Bodies that carry their JSON as base64 or as a form's ``data``, as SDKs in browsers do."""

from urllib.parse import parse_qsl

from ariane.errors import Rejected
from ariane.events.bodies import check_marks, inflate, unbase64

_MAX_FIELDS = 20
_STARTS = (b"{", b"[")


def decoded(plain: bytes) -> bytes:
    """What should be JSON: the body itself, its base64 undone, or its form's ``data``, which is either; what is inside may be gzip again.
    Raises Rejected."""
    if _is_document(plain):
        return plain
    data = _form_data(plain)
    text = data if data is not None else plain.decode("ascii", "replace")
    if _is_document(text[:100].encode()):
        return text.encode()
    return inflate(unbase64(text.strip()))


def readable(plain: bytes) -> bytes:
    """The document in the body where one can be decoded; else the body."""
    try:
        document = decoded(plain)
    except Rejected:
        return plain
    return document if _is_document(document) else plain


def readable_text(text: str) -> str:
    """The same of one parameter's value."""
    return readable(text.encode(errors="replace")).decode(errors="replace")


def _is_document(plain: bytes) -> bool:
    return plain.lstrip()[:1] in _STARTS


def _form_data(plain: bytes) -> str | None:
    check_marks(plain, (b"%",))
    try:
        fields = parse_qsl(plain.decode(), max_num_fields=_MAX_FIELDS)
    except ValueError:  # not text, or not a form
        return None
    return next((value for name, value in fields if name == "data"), None)
