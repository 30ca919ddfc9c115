"""The lake in AWS, read by Athena."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from cli.deployment import Deployment
from cli.failures import CommandFailed
from cli.lake.results import Result

if TYPE_CHECKING:
    from mypy_boto3_athena import AthenaClient
    from mypy_boto3_athena.type_defs import QueryExecutionTypeDef

_PAGE = 1_000
_FIRST_PAUSE, _GROWTH, _LONGEST_PAUSE = 0.25, 1.5, 5.0
_ENDED = frozenset({"SUCCEEDED", "FAILED", "CANCELLED"})
_NUMBERS: dict[str, Callable[[str], object]] = {
    **dict.fromkeys(("tinyint", "smallint", "integer", "bigint"), int),
    **dict.fromkeys(("float", "double", "real", "decimal"), float),
    "boolean": lambda text: text == "true",
}
"""By Athena's names of types: what arrives as text and is none."""


def run(
    deployment: Deployment, sql: str, *, most: int, client: "AthenaClient | None" = None, pause: Callable[[float], None] = time.sleep
) -> Result:
    """Raises CommandFailed where Athena refuses or stops the query."""
    athena = client or deployment.session.client("athena")
    database, workgroup = deployment.output("LakeDatabase"), deployment.output("LakeWorkgroup")
    try:
        started = athena.start_query_execution(QueryString=sql, QueryExecutionContext={"Database": database}, WorkGroup=workgroup)
    except ClientError as error:
        raise CommandFailed(_refusal(error, workgroup)) from error
    identity = started["QueryExecutionId"]
    try:
        execution = _ended(athena, identity, pause)
    except KeyboardInterrupt:
        athena.stop_query_execution(QueryExecutionId=identity)
        raise
    if execution["Status"]["State"] != "SUCCEEDED":
        raise CommandFailed(_failure(execution))
    columns, rows = _rows(athena, identity, most + 1)
    return Result(columns, rows[:most], is_cut=len(rows) > most, scanned=execution.get("Statistics", {}).get("DataScannedInBytes"))


def _ended(athena: "AthenaClient", identity: str, pause: Callable[[float], None]) -> "QueryExecutionTypeDef":
    seconds = _FIRST_PAUSE
    while True:
        execution = athena.get_query_execution(QueryExecutionId=identity)["QueryExecution"]
        if execution["Status"]["State"] in _ENDED:
            return execution
        pause(seconds)
        seconds = min(seconds * _GROWTH, _LONGEST_PAUSE)


def _refusal(error: ClientError, workgroup: str) -> str:
    details = error.response["Error"]
    if "AccessDenied" in details.get("Code", ""):
        return f"you may not ask the workgroup {workgroup}: attach the policy {workgroup}-lake-reader ({details.get('Message', '')})"
    return f"Athena: {details.get('Message', error)}"


def _failure(execution: "QueryExecutionTypeDef") -> str:
    status = execution["Status"]
    reason = str(status.get("StateChangeReason") or status.get("AthenaError", {}).get("ErrorMessage") or "no reason given")
    if "bytes scanned limit" in reason.lower():
        return f"stopped: the query reads more than the stage allows (option query_gigabytes). Name fewer days: WHERE day >= … ({reason})"
    if status["State"] == "CANCELLED":
        return f"the query was stopped: {reason}"
    return f"Athena: {reason}"


def _rows(athena: "AthenaClient", identity: str, most: int) -> tuple[list[str], list[list[object]]]:
    """The first row of a SELECT's answer holds the names of its columns; that of a SHOW does not."""
    columns: list[str] = []
    kinds: list[str] = []
    rows: list[list[object]] = []
    for page in athena.get_paginator("get_query_results").paginate(QueryExecutionId=identity, PaginationConfig={"PageSize": _PAGE}):
        found = [[cell.get("VarCharValue") for cell in row["Data"]] for row in page["ResultSet"]["Rows"]]
        if not columns:
            described = page["ResultSet"]["ResultSetMetadata"]["ColumnInfo"]
            columns, kinds = [column["Name"] for column in described], [column["Type"] for column in described]
            found = found[1:] if found and found[0] == columns else found
        rows += [[_typed(kind, value) for kind, value in zip(kinds, row, strict=False)] for row in found]
        if len(rows) >= most:
            break
    return columns, rows[:most]


def _typed(kind: str, value: Any) -> object:
    return value if value is None else _NUMBERS.get(kind, str)(value)
