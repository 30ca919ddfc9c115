"""What Athena finds in AWS, and what the local run leaves out."""

import base64
import json
import re
from typing import Any

from ariane.lake.columns import FIRST_DAY, SAVED, TABLES, VIEWS
from tests.infra.conftest import Synthesise
from tests.infra.templates import Synthesised, as_list, flat


def tables(synthesised: Synthesised) -> dict[str, dict[str, Any]]:
    found = synthesised.platform.properties("AWS::Glue::Table").values()
    return {str(each["TableInput"]["Name"]): each["TableInput"] for each in found}


def test_tables_and_views_are_declared_as_the_function_writes_them(prod: Synthesised) -> None:
    declared = tables(prod)
    for table in TABLES:
        storage = declared[table.name]["StorageDescriptor"]
        assert [(column["Name"], column["Type"]) for column in storage["Columns"]] == [
            (column.name, column.kind) for column in table.columns
        ]
        assert declared[table.name]["PartitionKeys"] == [{"Name": "day", "Type": "string"}]
    for view in VIEWS:
        text = str(declared[view.name]["ViewOriginalText"])
        told = json.loads(base64.b64decode(text.removeprefix("/* Presto View: ").removesuffix(" */")))
        assert told["originalSql"] == view.sql
        assert [column["name"] for column in told["columns"]] == [column.name for column in view.columns]


def test_a_query_that_reads_too_much_is_stopped(prod: Synthesised, synthesise: Synthesise) -> None:
    def cutoff(synthesised: Synthesised) -> object:
        (group,) = synthesised.platform.properties("AWS::Athena::WorkGroup").values()
        assert group["WorkGroupConfiguration"]["EnforceWorkGroupConfiguration"] is True
        return group["WorkGroupConfiguration"]["BytesScannedCutoffPerQuery"]

    assert cutoff(prod) == 10_000_000_000
    assert cutoff(synthesise("dev", query_gigabytes="1")) == 1_000_000_000


def test_the_local_run_has_objects_and_no_catalogue(local: Synthesised) -> None:
    assert tables(local) == {}


def test_days_are_computed_and_nothing_crawls(prod: Synthesised) -> None:
    for table in TABLES:
        parameters = tables(prod)[table.name]["Parameters"]
        assert isinstance(parameters, dict)
        assert parameters["projection.enabled"] == "true"
        assert parameters["projection.day.range"] == f"{FIRST_DAY},NOW+1DAYS"
        assert flat(parameters["storage.location.template"]).endswith(f"/{table.name}/day=${{day}}")
    assert not prod.platform.of_type("AWS::Glue::Crawler")


def test_saved_queries_are_the_documented_ones(prod: Synthesised) -> None:
    saved = {each["Name"]: each["QueryString"] for each in prod.platform.properties("AWS::Athena::NamedQuery").values()}
    assert saved == {each.name: each.sql for each in SAVED}


def test_who_may_ask_may_change_nothing_of_the_lake(prod: Synthesised) -> None:
    (policy,) = prod.platform.properties("AWS::IAM::ManagedPolicy").values()
    assert policy["ManagedPolicyName"] == "ariane-prod-lake-reader"
    for statement in policy["PolicyDocument"]["Statement"]:
        changing = [action for action in as_list(statement["Action"]) if not re.search(r":(Get|List|StartQuery|StopQuery)", action)]
        assert not changing or all("LakeCatalogueResults" in flat(each) for each in as_list(statement["Resource"]))
        assert not any("*" in action for action in as_list(statement["Action"]))
    assert "glue:CreateTable" not in json.dumps(policy)
