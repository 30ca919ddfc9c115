"""What a small request may make the collector do: work is counted, so that a slow machine says the same as a fast one."""

import gzip
import hashlib
from collections.abc import Callable
from typing import Any

import orjson
import pytest

from ariane.adapters.aws.rejects import DynamoRejectWriter
from ariane.events import rejects
from ariane.events.acceptance import MAX_EFFORT
from ariane.events.measure import MAX_EVENT
from ariane.identity import normalising
from tests.builders.events import Answer, CollectWorld

ITEM = {"type": "track", "event": "E", "anonymousId": "visitor-1"}
MEGABYTE = 1024 * 1024


@pytest.fixture
def world() -> CollectWorld:
    return CollectWorld()


class Work:
    """Bytes written as JSON, attempts at it that failed, and bytes hashed for the rejects."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.written = self.failed = self.hashed = 0
        self._dumps = orjson.dumps
        monkeypatch.setattr(orjson, "dumps", self._write)
        monkeypatch.setattr(rejects, "sha256", self._hash)

    def _write(self, *args: Any, **options: Any) -> bytes:
        try:
            written = self._dumps(*args, **options)
        except orjson.JSONEncodeError:
            self.failed += 1
            raise
        self.written += len(written)
        return written

    def _hash(self, content: bytes) -> Any:
        self.hashed += len(content)
        return hashlib.sha256(content)


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> Work:
    return Work(monkeypatch)


def post(world: CollectWorld, plain: bytes) -> Answer:
    return world.post("/v1/batch", gzip.compress(plain, 1), headers={"content-type": "application/octet-stream"})


def codes(answer: Answer) -> list[str]:
    return [each["code"] for each in answer.json["rejected"]]


@pytest.mark.parametrize("part", [{"context": {"page": {"url": "a" * 9_000_000}}}, {"integrations": {"All": "a" * 9_000_000}}])
def test_what_a_batch_says_once_and_no_event_may_hold_is_written_once(world: CollectWorld, work: Work, part: dict[str, Any]) -> None:
    plain = orjson.dumps({**part, "batch": [ITEM] * 200})
    work.written = 0
    answer = post(world, plain)

    assert codes(answer) == ["event_too_large"] * 200
    assert work.written < 2 * len(plain)
    assert world.events() == []


def test_many_small_parts_that_are_too_much_together_are_not_merged_into_each_event(world: CollectWorld, work: Work) -> None:
    plain = orjson.dumps({"integrations": {f"name-{number}": True for number in range(100_000)}, "batch": [ITEM] * 200})
    work.written = 0

    assert codes(post(world, plain)) == ["event_too_large"] * 200
    assert work.written < 4 * len(plain)


def test_an_event_that_puts_its_own_in_the_place_of_what_is_too_large_is_accepted(world: CollectWorld) -> None:
    own = {"context": {"page": {"url": "https://shop.example/"}}, "integrations": {"All": False}}
    silent = {"context": {"page": None}, "integrations": {"All": False}}
    large = "a" * (MAX_EVENT + 1)
    batch = [{**ITEM, **own, "messageId": "m-1"}, {**ITEM, "messageId": "m-2"}, {**ITEM, **silent, "messageId": "m-3"}]
    answer = world.post("/v1/batch", {"context": {"page": {"url": large}}, "integrations": {"All": large}, "batch": batch})

    assert [(each["index"], each["code"]) for each in answer.json["rejected"]] == [(1, "event_too_large")]
    assert [event.message_id for event in world.events()] == ["m-1", "m-3"]


def test_what_is_not_kept_of_a_batchs_context_counts_for_nothing(world: CollectWorld) -> None:
    answer = world.post("/v1/batch", {"context": {"unknown": "a" * 50_000, "locale": "fr-FR"}, "batch": [ITEM]})

    assert "rejected" not in answer.json
    assert [event.message["context"]["locale"] for event in world.events()] == ["fr-FR"]


@pytest.mark.parametrize("part", ["context", "integrations"])
def test_a_batch_whose_own_part_is_nested_too_deeply_is_found_out_once(world: CollectWorld, work: Work, part: str) -> None:
    deep = b'{"a":' * 300 + b"1" + b"}" * 300
    own = [ITEM, {**ITEM, part: {"page": {"url": "/"}}}]
    plain = b'{"' + part.encode() + b'":{"page":' + deep + b'},"batch":' + orjson.dumps([*[ITEM] * 100, *own]) + b"}"
    answer = post(world, plain)

    assert codes(answer) == ["event_too_deep"] * 101
    assert work.failed == 1
    assert len(world.events()) == 1


def test_a_body_kept_for_many_events_that_cannot_be_written_alone_is_cut_before_it_is_hashed(world: CollectWorld, work: Work) -> None:
    deep = b'{"type":"track","event":"E","userId":"u","properties":' + b'{"a":' * 300 + b"1" + b"}" * 301
    plain = b'{"padding":"' + b"a" * (4 * MEGABYTE) + b'","batch":[' + b",".join([deep] * 100) + b"]}"

    assert codes(post(world, plain)) == ["event_too_deep"] * 100
    assert work.hashed < 10 * MEGABYTE


def test_refusals_that_are_one_are_packed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    packed: list[bytes] = []
    calls: list[Any] = []

    class Client:
        def call(self, _: str, request: Any) -> dict[str, Any]:
            calls.append(request)
            return {}

    def pack(body: bytes) -> bytes:
        packed.append(body)
        return body

    monkeypatch.setattr("ariane.adapters.aws.reject_items.zlib.compress", pack)
    world = CollectWorld()
    world.with_ports(rejects=DynamoRejectWriter(Client(), table="rejects"))  # type: ignore[arg-type]
    world.post("/v1/batch", {"batch": [{"type": "nonsense", "messageId": "m-1"}] * 50})

    assert len(packed) == len(calls) == 1


def test_an_event_names_a_bounded_number_of_people(world: CollectWorld) -> None:
    external = [{"type": "phone", "id": f"+336{number:08}"} for number in range(101)]
    batch = [{**ITEM, "context": {"externalIds": external}}, {**ITEM, "context": {"externalIds": external[:100]}, "messageId": "m-2"}]
    answer = world.post("/v1/batch", {"batch": batch})

    assert codes(answer) == ["too_many_identifiers"]
    assert [event.message_id for event in world.events()] == ["m-2"]


def test_a_telephone_number_that_every_event_repeats_is_read_once(world: CollectWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    import phonenumbers

    read: list[str] = []
    parse = phonenumbers.parse
    normalising.phone_number.cache_clear()

    def note(text: str, country: str | None) -> Any:
        read.append(text)
        return parse(text, country)

    monkeypatch.setattr(phonenumbers, "parse", note)
    world.post("/v1/batch", {"context": {"externalIds": [{"type": "phone", "id": "06 12 34 56 78"}]}, "batch": [ITEM] * 300})

    assert read == ["06 12 34 56 78"]


def noting(read: list[str], function: Callable[..., Any]) -> Callable[..., Any]:
    def note(text: str, *args: Any, **options: Any) -> Any:
        read.append(text)
        return function(text, *args, **options)

    return note


def people(namespace: str, *, first: int, count: int) -> list[dict[str, str]]:
    spelt = "jeanne@é{}.fr" if namespace == "email" else "+336{:08}"
    return [{"type": namespace, "id": spelt.format(first + number)} for number in range(count)]


@pytest.mark.parametrize("namespace", ["email", "phone"])
def test_a_small_request_full_of_identifiers_that_are_slow_to_read_is_read_in_part(
    world: CollectWorld, monkeypatch: pytest.MonkeyPatch, namespace: str
) -> None:
    import idna
    import phonenumbers

    read: list[str] = []
    monkeypatch.setattr(idna, "encode", noting(read, idna.encode))
    monkeypatch.setattr(phonenumbers, "parse", noting(read, phonenumbers.parse))
    batch = [{**ITEM, "context": {"externalIds": people(namespace, first=100 * number, count=100)}} for number in range(920)]
    answer = post(world, orjson.dumps({"batch": [*batch, {**ITEM, "messageId": "last"}]}))

    assert sum(map(len, read)) <= MAX_EFFORT
    assert set(codes(answer)) == {"too_many_identifiers"}
    assert len(world.events()) == 921 - len(codes(answer)) > 50
    assert "last" in {event.message_id for event in world.events()}


def test_the_largest_honest_request_is_read_whole(world: CollectWorld) -> None:
    traits = [{"email": f"jeanne{number}@société.fr", "phone": f"+336{number:08}"} for number in range(2_500)]
    batch = [{"type": "identify", "userId": f"u{number}", "traits": each} for number, each in enumerate(traits)]

    assert "rejected" not in world.post("/v1/batch", {"batch": batch}, source="backend").json
    assert len(world.events()) == 2_500


def test_a_domain_that_every_event_repeats_is_read_once(world: CollectWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    import idna

    read: list[str] = []
    normalising._ascii_domain.cache_clear()
    monkeypatch.setattr(idna, "encode", noting(read, idna.encode))
    batch = [{**ITEM, "context": {"traits": {"email": f"jeanne{number}@société.fr"}}} for number in range(300)]
    world.post("/v1/batch", {"batch": batch})

    assert read == ["société.fr"]
