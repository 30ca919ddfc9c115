"""What a publish takes: compiled documents and immutable journeys, as a folder of JSON or the zip that CDK makes of it."""

import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson

from ariane.errors import Permanent

DOCUMENTS = ("interest", "identity", "messaging", "collect", "profiles")
_SINCE_SEGMENTS = frozenset({"profiles"})
"""Not in bundles of earlier versions, which a roll-back publishes again."""
_LARGEST = 50 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Bundle:
    documents: Mapping[str, Mapping[str, Any]]
    """``interest``, ``identity``, ``messaging``, ``collect``, ``profiles``; publish adds ``journeys``, which has the states, and to
    ``profiles`` since when its parts are what they are (``customer_view_epochs``)."""
    journeys: Mapping[str, Mapping[str, Any]]
    """By name: ``{"name", "version", "definition", "templates"}``."""

    @property
    def version(self) -> str:
        """Digest of the whole: the same files make the same bundle."""
        return digest({"documents": self.documents, "journeys": {name: journey["version"] for name, journey in self.journeys.items()}})


def canonical(content: object) -> bytes:
    return orjson.dumps(content, option=orjson.OPT_SORT_KEYS)


def digest(content: object) -> str:
    """12 hexadecimal characters of SHA-256 over the canonical JSON."""
    return sha256(canonical(content)).hexdigest()[:12]


def write(bundle: Bundle, folder: Path) -> None:
    """``bundle.json``, ``documents/<name>.json`` and ``journeys/<name>/<version>.json``; the same bytes for the same bundle."""
    index = {"version": bundle.version, "journeys": {name: journey["version"] for name, journey in bundle.journeys.items()}}
    _put(folder / "bundle.json", index)
    for name, document in bundle.documents.items():
        _put(folder / "documents" / f"{name}.json", document)
    for name, journey in bundle.journeys.items():
        _put(folder / "journeys" / name / f"{journey['version']}.json", journey)


def _put(path: Path, content: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(canonical(content))


def read_zip(content: bytes) -> Bundle:
    """Raises Permanent (``bad_bundle``) unless it is a whole bundle whose digests are those of its content."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > _LARGEST:
                raise Permanent("bad_bundle", f"the bundle unpacks to more than {_LARGEST} bytes")
            return _checked(archive)
    except (zipfile.BadZipFile, KeyError, TypeError, orjson.JSONDecodeError) as error:
        raise Permanent("bad_bundle", f"the bundle is not whole: {error}") from error


def _checked(archive: zipfile.ZipFile) -> Bundle:
    index = orjson.loads(archive.read("bundle.json"))
    there = {name for name in DOCUMENTS if name not in _SINCE_SEGMENTS or f"documents/{name}.json" in archive.namelist()}
    bundle = Bundle(
        {name: orjson.loads(archive.read(f"documents/{name}.json")) for name in sorted(there)},
        {name: orjson.loads(archive.read(f"journeys/{name}/{version}.json")) for name, version in index["journeys"].items()},
    )
    wrong = [name for name, journey in bundle.journeys.items() if journey["version"] != version_of(journey)]
    if wrong or bundle.version != index["version"]:
        raise Permanent("bad_bundle", "the bundle's content is not what its versions say")
    return bundle


def version_of(journey: Mapping[str, Any]) -> str:
    """The content's digest, the templates' included: another text is another version."""
    return digest({"definition": journey["definition"], "templates": journey["templates"]})
