"""From a body's bytes to JSON. The bytes decide, never the Content-Type: browsers, Kotlin and Rudder send something else than they say."""

import zlib
from base64 import urlsafe_b64decode
from binascii import Error as NotBase64
from collections.abc import Sequence
from typing import Any

import orjson

from ariane.errors import Rejected

MAX_BODY = 500 * 1024
MAX_INFLATED = 10 * 1024 * 1024
MAX_MARKS = 1_000_000
"""``[ { , :`` in a body: 2,500 events of 400, where one of 40 properties with a browser's whole context has some 230. Each becomes up to
110 bytes of memory. An uncompressed body cannot hold as many."""
_MARKS = (b"[", b"{", b",", b":")
_GZIP = b"\x1f\x8b"
_REPLACEMENT = "\ufffd".encode()
_GZIP_WINDOW = 31


class Mangled(Rejected):
    """A compressed body that was carried as text: its bytes are lost."""

    status = 415


def inflate(body: bytes) -> bytes:
    """The body as the client wrote it. Raises Rejected: ``body_too_large``, ``invalid_gzip``, ``compressed_body_mangled`` (415)."""
    if len(body) > MAX_BODY:
        raise Rejected("body_too_large", f"a request holds at most {MAX_BODY} bytes")
    if body.startswith(_GZIP):
        return _gunzip(body)
    if body.startswith(b"\x1f") and _REPLACEMENT in body[:16]:
        raise Mangled(
            "compressed_body_mangled", "this compressed body was carried as text; send it as application/json without compression"
        )
    return body


def _gunzip(body: bytes) -> bytes:
    inflater = zlib.decompressobj(_GZIP_WINDOW)
    try:
        plain = inflater.decompress(body, MAX_INFLATED + 1)
    except zlib.error as error:
        raise Rejected("invalid_gzip", "the body begins like gzip and is not") from error
    if len(plain) > MAX_INFLATED:
        raise Rejected("body_too_large", f"a request holds at most {MAX_INFLATED} bytes when inflated")
    if not inflater.eof:
        raise Rejected("invalid_gzip", "the compressed body ends too early")
    return plain


def read_object(plain: bytes) -> dict[str, Any]:
    """The JSON object. NaN, lone surrogates, broken UTF-8 and nesting beyond 1,024 are not JSON here; of equal keys the last one counts."""
    return object_of(read_json(plain))


def object_of(document: Any) -> dict[str, Any]:
    if not isinstance(document, dict):
        raise Rejected("invalid_json", "the body is not a JSON object")
    return document


def read_json(plain: bytes) -> Any:
    """Raises Rejected: ``invalid_json``, or ``body_too_complex`` for what would fill the memory."""
    check_marks(plain, _MARKS)
    try:
        return orjson.loads(plain)
    except orjson.JSONDecodeError as error:
        raise Rejected("invalid_json", f"the body is not JSON: {error.msg}, line {error.lineno} column {error.colno}") from error


def check_marks(plain: bytes, marks: Sequence[bytes]) -> None:
    """Raises Rejected (``body_too_complex``)."""
    if len(plain) > MAX_MARKS and sum(map(plain.count, marks)) > MAX_MARKS:
        names = " ".join(mark.decode() for mark in marks)
        raise Rejected("body_too_complex", f"a request holds at most {MAX_MARKS} of {names} in all; send fewer events at once")


def unbase64(text: str) -> bytes:
    """Of either alphabet, padded or not; a space is a plus that a form has eaten. Raises Rejected (``invalid_data``)."""
    compact = text.replace(" ", "+").replace("+", "-").replace("/", "_").rstrip("=")
    try:
        return urlsafe_b64decode(compact + "=" * (-len(compact) % 4))
    except (NotBase64, ValueError) as error:
        raise Rejected("invalid_data", "data is not base64") from error
