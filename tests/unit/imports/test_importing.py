"""A file into the log: every line is accounted for, a second time changes nothing."""

import gzip
from decimal import Decimal

import pytest

from ariane.errors import Retryable
from ariane.imports import events, importing
from ariane.imports.model import State
from tests.builders.imports import ImportWorld

TILL = """\
source: till
time_zone: Europe/Paris
rules:
  - event: Order Completed
    timestamp: {column: at, formats: ['%d/%m/%Y %H:%M', '%Y-%m-%d']}
    identifiers: {user_id: customer}
    properties: {order_id: order, total: {column: total, type: number}}
"""
GROUPED = """\
source: till
group: {by: [order]}
rules:
  - event: Order Completed
    timestamp: at
    identifiers: {user_id: customer}
    properties: {order_id: order, total: {sum: [quantity, price]}, currency: {value: EUR}}
    item: {product_id: sku, quantity: {column: quantity, type: integer}, price: {column: price, type: number}}
"""
HEAD = b"order,customer,at,total\n"


def till(*lines: str, head: bytes = HEAD) -> bytes:
    return head + "".join(f"{line}\n" for line in lines).encode()


def test_lines_become_events_of_their_people_in_utc() -> None:
    world = ImportWorld()
    done = world.imported(TILL, till("o1,u1,24/12/2025 18:30,12.50", "o2,u2,2025-12-25,7"))

    assert (done.state, done.progress.accepted, done.progress.rejected) == (State.DONE, 2, 0)
    found = {message["properties"]["order_id"]: message for message in world.messages()}
    assert found["o1"]["timestamp"] == "2025-12-24T17:30:00.000Z"
    assert found["o1"]["userId"] == "u1"
    assert found["o1"]["properties"] == {"order_id": "o1", "total": 12.5}
    assert found["o2"]["timestamp"] == "2025-12-24T23:00:00.000Z"
    assert {item.kind for item in world.log.items()} == {"import"}


def test_each_bad_line_is_refused_with_its_reason_and_the_others_come_in() -> None:
    world = ImportWorld()
    done = world.imported(
        TILL, till("o1,u1,2025-12-24,1", "o2,u1,2025-02-30,1", "o3,u1,2025-12-24,1 EUR", "o4,,2025-12-24,1", "o5,u1,2025-12-24", "o6,u1,,1")
    )

    assert world.refused(done.id) == [
        (3, "not_a_time"),
        (4, "not_a_number"),
        (5, "no_usable_identifier"),
        (6, "ragged_line"),
        (7, "cell_missing"),
    ]
    assert (done.progress.lines, done.progress.accepted, done.progress.rejected) == (6, 1, 5)


def test_the_report_can_be_corrected_and_sent_again() -> None:
    world = ImportWorld()
    first = world.imported(TILL, till("o1,u1,2025-12-24,1", 'o2,"u,2",2025-02-30,"1,5"', "o1,u1,2025-12-24,1"))
    report = world.reports.published[first.id].decode("utf-8-sig")
    assert report.splitlines()[0] == "_line,_code,_message,order,customer,at,total"
    assert report.splitlines()[1].startswith("3,not_a_time,")
    assert report.splitlines()[1].endswith(',o2,"u,2",2025-02-30,"1,5"')

    corrected = report.replace("2025-02-30", "2025-02-28").replace('"1,5"', "1.5").encode()
    second = world.imported(TILL, corrected)
    third = world.imported(TILL, corrected + b"\n")

    assert (second.progress.accepted, second.progress.copies) == (1, 0)
    assert third.progress.copies == 1
    assert sorted(message["properties"]["order_id"] for message in world.messages()) == ["o1", "o1", "o2"]


def test_a_report_of_a_report_keeps_the_first_lines_number() -> None:
    world = ImportWorld()
    first = world.imported(TILL, till("o1,u1,2025-12-24,1", "o2,u1,2025-12-99,1"))
    second = world.imported(TILL, world.reports.published[first.id])

    report = world.reports.published[second.id].decode("utf-8-sig").splitlines()
    assert report[0] == "_line,_code,_message,order,customer,at,total"
    assert report[1].startswith("3,not_a_time,")
    assert report[1].endswith(",o2,u1,2025-12-99,1")


def test_equal_lines_all_count_and_a_second_import_changes_nothing() -> None:
    world = ImportWorld()
    content = till("o1,u1,2025-12-24,1", "o1,u1,2025-12-24,1")
    world.imported(TILL, content)
    before = world.log.items()

    again = world.imported(TILL + "quote: ''\n", content)

    assert len({message["messageId"] for message in world.messages()}) == 2
    assert again.progress.copies == 2
    assert world.log.items() == before


def test_the_same_file_by_the_same_mapping_is_the_import_that_there_is() -> None:
    world = ImportWorld()
    content = till("o1,u1,2025-12-24,1")
    first = world.imported(TILL, content)

    assert world.begin(TILL, content) == first.id
    assert world.run(first.id) is State.DONE


def test_lines_of_a_group_are_one_event_with_their_sum_in_decimals() -> None:
    world = ImportWorld()
    head = b"order,customer,at,sku,quantity,price\n"
    world.imported(GROUPED, till("o1,u1,2025-12-24,a,3,0.1", "o1,u1,2025-12-24,b,1,0.2", "o2,u1,2025-12-25,a,1,5", head=head))

    first, second = sorted(world.messages(), key=lambda message: str(message["properties"]["order_id"]))
    assert first["properties"]["total"] == 0.5
    assert [product["product_id"] for product in first["properties"]["products"]] == ["a", "b"]
    assert second["properties"]["total"] == 5


def test_a_group_with_a_bad_line_is_refused_whole() -> None:
    world = ImportWorld()
    head = b"order,customer,at,sku,quantity,price\n"
    done = world.imported(GROUPED, till("o1,u1,2025-12-24,a,1,1", "o1,u1,2025-12-24,b,x,1", "o2,u1,2025-12-24,a,1,1", head=head))

    assert world.refused(done.id) == [(2, "group_refused"), (3, "not_a_number")]
    assert [message["properties"]["order_id"] for message in world.messages()] == ["o2"]


def test_an_order_above_an_events_size_goes_on_in_further_events_without_its_total() -> None:
    world = ImportWorld()
    head = b"order,customer,at,sku,quantity,price\n"
    lines = [f"o1,u1,2025-12-24,sku-{number:04}-{'x' * 60},1,0.25" for number in range(1_000)]
    world.imported(GROUPED, till(*lines, head=head))

    messages = sorted(world.messages(), key=lambda message: int(message["properties"]["part"]))
    assert len(messages) > 2
    assert [message["event"] for message in messages] == ["Order Completed", *["Order Completed Continued"] * (len(messages) - 1)]
    assert [message["properties"].get("total") for message in messages] == [250, *[None] * (len(messages) - 1)]
    products = [product for message in messages for product in message["properties"]["products"]]
    assert sum(Decimal(str(product["price"])) for product in products) == 250
    assert {message["properties"]["order_id"] for message in messages} == {"o1"}


def test_a_group_that_comes_again_later_is_another_event() -> None:
    world = ImportWorld()
    head = b"order,customer,at,sku,quantity,price\n"
    world.imported(GROUPED, till("o1,u1,2025-12-24,a,1,1", "o2,u1,2025-12-24,a,1,1", "o1,u1,2025-12-24,a,1,1", head=head))

    assert len({message["messageId"] for message in world.messages()}) == 3


def test_every_line_of_a_group_that_is_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "MOST_GROUPED", 3)
    world = ImportWorld()
    head = b"order,customer,at,sku,quantity,price\n"
    lines = ["o1,u1,2025-12-24,a,1,1"] * 6
    done = world.imported(GROUPED, till(*lines, "o2,u1,2025-12-24,a,1,1", head=head))

    assert [line for line, _ in world.refused(done.id)] == [2, 3, 4, 5, 6, 7]
    assert done.progress.accepted == 1


def test_a_run_whose_time_is_over_hands_itself_on_and_the_next_one_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "MOST_TAKEN", 2)
    world = ImportWorld()
    identity = world.begin(TILL, till(*(f"o{number},u1,2025-12-24,1" for number in range(5))))
    runs = 0
    while world.run(identity, lambda: False) is State.RUNNING:
        runs += 1
        assert world.queue.ids.pop() == identity

    assert runs == 3
    assert len(world.messages()) == 5
    done = world.imports.get(identity)
    assert done is not None
    assert (done.progress.accepted, done.progress.copies) == (5, 0)


def test_two_runs_of_one_import_do_not_count_twice() -> None:
    world = ImportWorld()
    identity = world.begin(TILL, till("o1,u1,2025-12-24,1"))

    def another_was_faster() -> bool:
        return True

    class Racing:
        def __init__(self) -> None:
            self.is_raced = False

        def append(self, item: object) -> bool:
            if not self.is_raced:
                self.is_raced = True
                world.run(identity, another_was_faster)
            return world.log.append(item)  # type: ignore[arg-type]

    with pytest.raises(Retryable, match="another run"):
        importing.Importer(world.ports(log=Racing())).run(identity, lambda: True)

    done = world.imports.get(identity)
    assert done is not None
    assert (done.state, done.progress.accepted) == (State.DONE, 1)
    assert len(world.messages()) == 1


def test_nothing_happens_before_the_file_is_there() -> None:
    world = ImportWorld()
    identity = world.begin(TILL, till("o1,u1,2025-12-24,1"))
    del world.uploads.files[identity]

    assert world.run(identity) is None
    assert world.run("imp_unknown") is None


@pytest.mark.parametrize(
    ("content", "arrived", "code"),
    [
        (till("o1,u1,2025-12-24,1"), HEAD, "size_mismatch"),
        (HEAD, HEAD.upper(), "digest_mismatch"),
        (b"order,customer,at,at\no1,u1,2025-12-24,1\n", None, "duplicate_header"),
        (b"order,customer,when,total\no1,u1,2025-12-24,1\n", None, "unknown_column"),
        (b"\n\n", None, "empty_file"),
        (gzip.compress(till("o1,u1,2025-12-24,1"), mtime=0)[:-9], None, "gzip_truncated"),
        (gzip.compress(HEAD, mtime=0)[:-8] + b"\0" * 8, None, "gzip_broken"),
        (gzip.compress(gzip.compress(HEAD)), None, "not_text"),
        (b"PK\x03\x04" + b"\0" * 50, None, "not_text"),
    ],
    ids=["size", "digest", "header", "column", "blank", "truncated", "broken", "twice", "zip"],
)
def test_a_file_that_cannot_be_read_fails_with_its_reason_and_brings_nothing(content: bytes, arrived: bytes | None, code: str) -> None:
    world = ImportWorld()
    identity = world.begin(TILL, content)
    world.uploads.files[identity] = content if arrived is None else arrived

    assert world.run(identity) is State.FAILED
    failed = world.imports.get(identity)
    assert failed is not None
    assert failed.error is not None
    assert failed.error[0] == code
    assert world.messages() == []


def test_a_failed_import_is_begun_again_with_another_upload() -> None:
    world = ImportWorld()
    content = till("o1,u1,2025-12-24,1")
    identity = world.begin(TILL, content)
    world.uploads.files[identity] = content[:-5]
    world.run(identity)

    assert world.begin(TILL, content) == identity
    assert world.run(identity) is State.DONE
    assert len(world.messages()) == 1


def test_an_event_too_large_is_refused_by_its_line() -> None:
    world = ImportWorld()
    done = world.imported(TILL, till(f"{'x' * 40_000},u1,2025-12-24,1", "o2,u1,2025-12-24,1"))

    assert world.refused(done.id) == [(2, "event_too_large")]
    assert done.progress.accepted == 1


def test_an_older_statement_of_an_object_never_replaces_a_newer_one() -> None:
    rule = "{object: stock, key: [sku, shop], timestamp: at, properties: {quantity: {column: n, type: integer}}}"
    stock = f"source: till\nrules: [{rule}]\n"
    world = ImportWorld()
    world.imported(stock, b"sku,shop,at,n\nA/1,paris,2025-12-24,5\nB,paris,2025-12-24,1\n")
    world.imported(stock, b"sku,shop,at,n\nA/1,paris,2025-12-23,9\nB,paris,2025-12-25,2\n,paris,2025-12-25,2\n")

    assert world.desk.object("stock", "A%2F1:paris")["properties"] == {"quantity": 5}
    assert world.desk.object("stock", "B:paris")["properties"] == {"quantity": 2}
    assert len(world.desk.objects("stock", cursor=None)["data"]) == 2
    assert world.messages() == []


def test_the_tracking_plan_holds_for_imports_too() -> None:
    world = ImportWorld()
    schema = {"type": "object", "properties": {"total": {"type": "number", "minimum": 0}}}
    world.published.plan = {"unplanned": "allow", "events": {"Order Completed": {"mode": "reject", "schema": schema}}}
    done = world.imported(TILL, till("o1,u1,2025-12-24,1", "o2,u1,2025-12-24,-1"))

    assert world.refused(done.id) == [(3, "tracking_plan")]
    assert done.progress.accepted == 1
