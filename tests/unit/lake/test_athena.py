"""A query in AWS: started, waited for, paged, stopped."""

from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cli.deployment import Deployment
from cli.failures import CommandFailed
from cli.lake import athena

SUCCEEDED = {"Status": {"State": "SUCCEEDED"}, "Statistics": {"DataScannedInBytes": 1_234}}


@dataclass
class Pages:
    pages: list[Any]

    def paginate(self, **_: Any) -> Any:
        return iter(self.pages)


@dataclass
class Athena:
    """Answers as the service does; ``ends`` are the states that it tells one after the other."""

    ends: list[Any] = field(default_factory=lambda: [{"Status": {"State": "QUEUED"}}, {"Status": {"State": "RUNNING"}}, SUCCEEDED])
    pages: list[Any] = field(default_factory=list)
    started: dict[str, Any] = field(default_factory=dict)
    refusal: ClientError | None = None
    stopped: list[str] = field(default_factory=list)

    def start_query_execution(self, **asked: Any) -> Any:
        if self.refusal:
            raise self.refusal
        self.started = asked
        return {"QueryExecutionId": "q1"}

    def get_query_execution(self, **_: Any) -> Any:
        return {"QueryExecution": self.ends.pop(0)}

    def stop_query_execution(self, *, QueryExecutionId: str) -> None:  # noqa: N803 - AWS's name
        self.stopped.append(QueryExecutionId)

    def get_paginator(self, _name: str) -> Pages:
        return Pages(self.pages)


def page(columns: list[tuple[str, str]], *rows: list[str | None]) -> Any:
    described = [{"Name": name, "Type": kind} for name, kind in columns]
    cells = [{"Data": [{} if value is None else {"VarCharValue": value} for value in row]} for row in rows]
    return {"ResultSet": {"Rows": cells, "ResultSetMetadata": {"ColumnInfo": described}}}


def never() -> Any:
    raise AssertionError("AWS is asked by the client that is handed over")


class InAws(Deployment):
    outputs = {"LakeDatabase": "ariane_prod", "LakeWorkgroup": "ariane-prod"}  # noqa: RUF012


def run(client: Any, *, most: int = 10, pauses: list[float] | None = None) -> Any:
    noted: list[float] = [] if pauses is None else pauses
    return athena.run(InAws(stage="prod", open_session=never), "SELECT 1", most=most, client=client, pause=noted.append)


COLUMNS = [("event", "varchar"), ("n", "bigint"), ("share", "double"), ("is_bot", "boolean")]


def test_a_query_runs_in_the_stages_database_and_workgroup_and_is_waited_for_with_growing_patience() -> None:
    client, pauses = Athena(pages=[page(COLUMNS, ["event", "n", "share", "is_bot"])]), list[float]()
    client.ends = [*({"Status": {"State": "RUNNING"}} for _ in range(12)), SUCCEEDED]
    result = run(client, pauses=pauses)
    assert client.started == {
        "QueryString": "SELECT 1",
        "QueryExecutionContext": {"Database": "ariane_prod"},
        "WorkGroup": "ariane-prod",
    }
    assert pauses == sorted(pauses)
    assert (pauses[0], pauses[-1]) == (0.25, 5.0)
    assert (result.rows, result.scanned) == ([], 1_234)


def test_values_have_their_types_and_what_is_missing_is_none() -> None:
    rows = page(COLUMNS, ["event", "n", "share", "is_bot"], ["A", "3", "0.5", "true"], [None, None, None, None])
    assert run(Athena(pages=[rows])).rows == [["A", 3, 0.5, True], [None, None, None, None]]


def test_pages_follow_one_another_and_only_the_first_has_a_header() -> None:
    client = Athena(pages=[page([("n", "bigint")], ["n"], ["1"]), page([("n", "bigint")], ["2"], ["3"])])
    result = run(client, most=2)
    assert (result.rows, result.is_cut) == ([[1], [2]], True)
    again = Athena(pages=[page([("n", "bigint")], ["n"], ["1"]), page([("n", "bigint")], ["2"], ["3"])])
    assert (run(again, most=3).rows, run(Athena(pages=[page([("n", "bigint")], ["n"])])).is_cut) == ([[1], [2], [3]], False)


def test_a_value_that_is_called_like_its_column_is_kept() -> None:
    client = Athena(pages=[page([("event", "varchar")], ["event"], ["event"])])
    assert run(client).rows == [["event"]]


@pytest.mark.parametrize(
    ("status", "says"),
    [
        ({"State": "FAILED", "StateChangeReason": "COLUMN_NOT_FOUND: line 1:8"}, "Athena: COLUMN_NOT_FOUND: line 1:8"),
        ({"State": "CANCELLED", "StateChangeReason": "Bytes scanned limit was exceeded"}, "option query_gigabytes"),
        ({"State": "CANCELLED", "StateChangeReason": "Query cancelled by user"}, "was stopped: Query cancelled by user"),
        ({"State": "FAILED"}, "no reason given"),
    ],
)
def test_a_query_that_fails_says_why(status: dict[str, str], says: str) -> None:
    with pytest.raises(CommandFailed, match=says):
        run(Athena(ends=[{"Status": status}]))


def test_who_may_not_ask_is_told_which_policy_lets_him() -> None:
    denied = ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "StartQueryExecution")
    with pytest.raises(CommandFailed, match="ariane-prod-lake-reader"):
        run(Athena(refusal=denied))


def test_who_gives_up_waiting_stops_the_query() -> None:
    client = Athena()

    def give_up(_seconds: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        athena.run(InAws(stage="prod", open_session=never), "SELECT 1", most=1, client=client, pause=give_up)  # type: ignore[arg-type]
    assert client.stopped == ["q1"]
