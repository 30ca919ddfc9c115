"""Published definitions and the deployment's keys: memory and AWS; and what publish makes of them, whenever it dies."""

import io
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from ariane.adapters.aws.definitions import DynamoDocuments, S3Bundles, S3Versions
from ariane.adapters.aws.parameters import SsmParameters
from ariane.adapters.memory.definitions import MemoryBundles, MemoryDocuments, MemoryVersions
from ariane.adapters.memory.parameters import MemoryParameters
from ariane.definitions.bundle import Bundle, read_zip, version_of, write
from ariane.definitions.customer_view import CustomerView
from ariane.definitions.deployment_keys import SecretParameters, make_keys
from ariane.definitions.publish import Publisher, StoredDocument
from ariane.definitions.store import Definitions, JourneyState, LiveJourney
from ariane.errors import Conflict, NotFound, Permanent
from ariane.instants import format_instant
from tests.builders.journeys import NOON
from tests.builders.moto_endpoint import REGION, make_table


@dataclass
class Shelf:
    documents: Any
    collect: Any
    versions: Any
    bundles: Any
    parameters: Any

    @property
    def publisher(self) -> Publisher:
        return Publisher(
            documents=self.documents, pointers=self.documents, versions=self.versions, collect=self.collect, clock=lambda: NOON
        )


@pytest.fixture(params=["memory", "aws"])
def shelf(request: pytest.FixtureRequest) -> Iterator[Shelf]:
    if request.param == "memory":
        yield Shelf(
            MemoryDocuments(), MemoryDocuments(), MemoryVersions(), MemoryBundles({("assets", "b.zip"): b"zip"}), MemoryParameters()
        )
        return
    with mock_aws():
        make_table("journeys")
        make_table("access")
        dynamodb, s3 = boto3.client("dynamodb", region_name=REGION), boto3.client("s3", region_name=REGION)
        for name in ("versions", "assets"):
            s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-west-3"})
        s3.put_object(Bucket="assets", Key="b.zip", Body=b"zip")
        yield Shelf(
            DynamoDocuments(dynamodb, table="journeys"),
            DynamoDocuments(dynamodb, table="access"),
            S3Versions(s3, bucket="versions"),
            S3Bundles(s3),
            SsmParameters(boto3.client("ssm", region_name=REGION)),
        )


def journey(name: str, template: str = "hello") -> dict[str, Any]:
    content: dict[str, Any] = {"name": name, "definition": {"name": name}, "templates": {"t": template}}
    return {**content, "version": version_of(content)}


def profiles_document(*segments: tuple[str, str]) -> dict[str, Any]:
    condition = {"trait": "plan", "equals": "gold"}
    return {
        "traits": {"precedence": {}, "computed": {}},
        "segments": {name: {"name": name, "condition": condition, "version": version} for name, version in segments},
        "observing": {"epoch": 0, "series": [], "traits": {"plan": 0}, "precedence": {}},
    }


def bundle(*journeys: dict[str, Any], awaited: tuple[str, ...] = ()) -> Bundle:
    interest = {"entry": ["E"], "awaited": list(awaited), "forward": []}
    documents: dict[str, dict[str, Any]] = {
        "interest": interest,
        "identity": {"spread": 20},
        "messaging": {"name": "x"},
        "collect": {"sources": {}},
        "profiles": profiles_document(("vip", "v1")),
    }
    return Bundle(documents, {each["name"]: each for each in journeys})


def test_a_document_is_read_back_and_replaced_by_the_next_revision_only(shelf: Shelf) -> None:
    assert shelf.documents.document("identity") is None
    shelf.documents.put("identity", StoredDocument({"a": "é"}, "v1", 1))

    assert shelf.documents.document("identity") == {"a": "é"}
    assert shelf.documents.stored("identity") == StoredDocument({"a": "é"}, "v1", 1)
    for revision in (1, 3):
        with pytest.raises(Conflict):
            shelf.documents.put("identity", StoredDocument({}, "v2", revision))
    shelf.documents.put("identity", StoredDocument({}, "v2", 2))
    assert shelf.documents.document("identity") == {}


def test_a_pointer_moves_only_from_where_it_was_seen(shelf: Shelf) -> None:
    first, second = LiveJourney("v1", JourneyState.LIVE), LiveJourney("v2", JourneyState.PAUSED, by_publish=False)
    assert shelf.documents.live("cart") is None
    shelf.documents.point("cart", first, over=None)

    with pytest.raises(Conflict):
        shelf.documents.point("cart", second, over=None)
    shelf.documents.point("cart", second, over=first)
    with pytest.raises(Conflict):
        shelf.documents.point("cart", first, over=first)
    assert shelf.documents.live("cart") == second


def test_a_version_is_never_overwritten_with_other_content(shelf: Shelf) -> None:
    shelf.versions.put("cart", "v1", {"name": "cart"})
    shelf.versions.put("cart", "v1", {"name": "cart"})

    with pytest.raises(Permanent):
        shelf.versions.put("cart", "v1", {"name": "other"})
    assert shelf.versions.journey("cart", "v1") == {"name": "cart"}


def test_what_was_never_published_is_not_found(shelf: Shelf) -> None:
    with pytest.raises(NotFound):
        shelf.versions.journey("cart", "v1")
    with pytest.raises(NotFound):
        shelf.bundles.fetch("assets", "other.zip")
    assert shelf.bundles.fetch("assets", "b.zip") == b"zip"


def test_a_publish_brings_versions_documents_and_pointers(shelf: Shelf) -> None:
    cart = journey("cart")
    shelf.publisher.publish(bundle(cart))

    assert shelf.documents.live("cart") == LiveJourney(cart["version"], JourneyState.LIVE)
    assert shelf.versions.journey("cart", cart["version"]) == cart
    assert shelf.documents.document("identity") == {"spread": 20}
    assert shelf.documents.document("journeys") == {"cart": {"version": cart["version"], "status": "live"}}
    assert shelf.collect.document("collect") == {"sources": {}}


def test_a_publish_dates_what_is_new_in_the_customer_view_and_gives_it_an_epoch(shelf: Shelf) -> None:
    shelf.publisher.publish(bundle(journey("cart")))
    first = shelf.documents.document("profiles")
    later = replace(shelf.publisher, clock=lambda: NOON + timedelta(days=1))
    later.publish(replace_profiles(bundle(journey("cart")), profiles_document(("vip", "v2"), ("new", "n1"))))
    second = shelf.documents.document("profiles")

    assert first["segments"]["vip"]["published_at"] == format_instant(NOON)
    assert {each["published_at"] for each in second["segments"].values()} == {format_instant(NOON + timedelta(days=1))}
    assert second["observing"] == first["observing"]
    assert CustomerView.from_document(second).segments["new"].version == "n1"


def test_a_bundle_from_before_there_were_segments_is_published_and_leaves_the_view_alone(shelf: Shelf, tmp_path: Path) -> None:
    shelf.publisher.publish(bundle(journey("cart")))
    before = shelf.documents.stored("profiles")
    old = bundle(journey("cart", "old"))
    old = Bundle({name: each for name, each in old.documents.items() if name != "profiles"}, old.journeys)
    write(old, tmp_path)
    shelf.publisher.publish(read_zip(zipped(tmp_path)))

    assert shelf.documents.stored("profiles") == before
    assert shelf.documents.live("cart").version == old.journeys["cart"]["version"]


def replace_profiles(given: Bundle, document: dict[str, Any]) -> Bundle:
    return Bundle({**given.documents, "profiles": document}, given.journeys)


def test_what_any_version_awaited_stays_awaited(shelf: Shelf) -> None:
    shelf.publisher.publish(bundle(journey("cart"), awaited=("Order Completed",)))
    shelf.publisher.publish(bundle(journey("cart", "new"), awaited=("Product Removed",)))

    assert shelf.documents.document("interest") == {"entry": ["E"], "awaited": ["Order Completed", "Product Removed"], "forward": []}


def test_a_journey_taken_out_of_the_brand_stops_and_comes_back_live(shelf: Shelf) -> None:
    cart, other = journey("cart"), journey("other")
    shelf.publisher.publish(bundle(cart, other))
    shelf.publisher.publish(bundle(other))
    assert shelf.documents.live("cart") == LiveJourney(cart["version"], JourneyState.STOPPED)
    assert shelf.documents.document("journeys")["cart"]["status"] == "stopped"

    shelf.publisher.publish(bundle(cart, other))
    assert shelf.documents.live("cart") == LiveJourney(cart["version"], JourneyState.LIVE)


@pytest.mark.parametrize("state", list(JourneyState))
def test_a_state_that_an_operator_set_outlives_a_publish(shelf: Shelf, state: JourneyState) -> None:
    shelf.publisher.publish(bundle(journey("cart")))
    shelf.documents.point("cart", LiveJourney("v0", state, by_publish=False), over=shelf.documents.live("cart"))
    new = journey("cart", "new")
    shelf.publisher.publish(bundle(new))

    assert shelf.documents.live("cart") == LiveJourney(new["version"], state, by_publish=False)


def test_a_retired_brand_starts_nothing_and_keeps_everything(shelf: Shelf) -> None:
    cart = journey("cart")
    shelf.publisher.publish(bundle(cart, awaited=("Order Completed",)))
    shelf.publisher.retire()

    assert shelf.documents.live("cart") == LiveJourney(cart["version"], JourneyState.STOPPED)
    assert shelf.versions.journey("cart", cart["version"]) == cart
    assert shelf.documents.document("interest")["awaited"] == ["Order Completed"]


def test_a_publish_again_writes_nothing(shelf: Shelf) -> None:
    shelf.publisher.publish(bundle(journey("cart")))
    before = {name: shelf.documents.stored(name) for name in ("interest", "identity", "messaging", "profiles", "journeys")}
    shelf.publisher.publish(bundle(journey("cart")))

    assert {name: shelf.documents.stored(name) for name in before} == before


class Killed(Exception):
    pass


class Mortal:
    def __init__(self, port: Any, burn: Callable[[], None]) -> None:
        self._port, self._burn = port, burn

    def __getattr__(self, name: str) -> Any:
        def call(*args: Any, **kwargs: Any) -> Any:
            self._burn()
            result = getattr(self._port, name)(*args, **kwargs)
            self._burn()
            return result

        return call


@pytest.mark.parametrize("point", range(38))
def test_a_pointer_never_leads_to_nothing_and_a_repeat_completes_a_publish(point: int) -> None:
    shelf = Shelf(MemoryDocuments(), MemoryDocuments(), MemoryVersions(), None, None)
    shelf.publisher.publish(bundle(journey("cart"), awaited=("A",)))
    new = bundle(journey("cart", "new"), journey("other"), awaited=("B",))
    left = iter(range(point))

    def burn() -> None:
        if next(left, None) is None:
            raise Killed

    documents = Mortal(shelf.documents, burn)
    mortal: Any = Publisher(
        documents=documents, pointers=documents, versions=Mortal(shelf.versions, burn), collect=Mortal(shelf.collect, burn)
    )
    with pytest.raises(Killed):
        mortal.publish(new)

    for name in ("cart", "other"):
        live = shelf.documents.live(name)
        if live is not None:
            assert shelf.versions.journey(name, live.version)["name"] == name
    shelf.publisher.publish(new)
    assert shelf.documents.live("other") == LiveJourney(new.journeys["other"]["version"], JourneyState.LIVE)
    assert shelf.documents.document("interest")["awaited"] == ["A", "B"]


def zipped(folder: Path) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for path in sorted(folder.rglob("*.json")):
            archive.write(path, path.relative_to(folder))
    return content.getvalue()


def test_a_bundle_is_read_back_from_its_zip(tmp_path: Path) -> None:
    made = bundle(journey("cart"), journey("other"))
    write(made, tmp_path)

    assert read_zip(zipped(tmp_path)) == made


def test_a_bundle_that_is_not_what_it_says_is_refused(tmp_path: Path) -> None:
    made = bundle(journey("cart"))
    write(made, tmp_path)
    path = tmp_path / "journeys" / "cart" / f"{made.journeys['cart']['version']}.json"
    path.write_bytes(path.read_bytes().replace(b"hello", b"jello"))

    for content in (zipped(tmp_path), b"no zip"):
        with pytest.raises(Permanent, match="bad_bundle"):
            read_zip(content)


def test_definitions_are_asked_again_when_they_are_old_and_versions_never(shelf: Shelf) -> None:
    cart = journey("cart")
    shelf.publisher.publish(bundle(cart))
    now = NOON
    definitions = Definitions(shelf.documents, shelf.versions, ttl=timedelta(seconds=30), clock=lambda: now)
    assert definitions.live("other") is None
    assert definitions.live("cart") == LiveJourney(cart["version"], JourneyState.LIVE)
    assert definitions.document("identity") == {"spread": 20}

    shelf.publisher.publish(bundle(journey("other")))
    assert definitions.live("other") is not None
    now += timedelta(seconds=29)
    assert definitions.live("cart") == LiveJourney(cart["version"], JourneyState.LIVE)
    now += timedelta(seconds=1)
    assert definitions.live("cart") == LiveJourney(cart["version"], JourneyState.STOPPED)
    assert definitions.journey("cart", cart["version"]) is definitions.journey("cart", cart["version"])


def test_keys_are_made_once_and_never_replaced(shelf: Shelf) -> None:
    parameters: SecretParameters = shelf.parameters
    with pytest.raises(NotFound):
        parameters.read("/ariane/person")

    assert make_keys(parameters, ["/ariane/person", "/ariane/link"], random_hex=lambda size: "ab" * size) == 2
    assert make_keys(parameters, ["/ariane/person", "/ariane/link"], random_hex=lambda size: "cd" * size) == 0
    assert parameters.read("/ariane/person") == "ab" * 32
