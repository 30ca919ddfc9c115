"""Least privilege: actions are spelt out, and a resource with a `*` is on this list with its reason."""

from collections.abc import Iterator
from typing import Any

from ariane.settings import HANDLERS
from tests.infra.templates import Synthesised, as_list, flat

REASONS = {
    ("stitch", "dynamodb:ListStreams"): "takes no resource; Lambda asks for it on a stream source",
    ("stitch", "s3:PutObject"): "Lambda names the objects that it leaves in the failures' bucket",
    ("send", "ses:SendEmail"): "the brand's sender is a definition: it changes without the platform",
    ("send", "ses:SendRawEmail"): "as ses:SendEmail",
    ("send", "sns:Publish"): "a telephone number has no ARN",
    ("send", "s3:GetObject"): "an object per journey and version",
    ("journey", "s3:GetObject"): "an object per journey and version",
    ("collect", "s3:PutObject"): "an object per refusal whose body is too long for the table",
    ("api", "s3:GetObject"): "as the collector writes them",
    ("api", "s3:PutObject"): "a retry keeps what it refuses as the collector does",
    ("publish", "s3:GetObject"): "an object per journey and version; a bundle's key is its content's hash",
    ("publish", "s3:PutObject"): "an object per journey and version",
    ("lake", "dynamodb:ListStreams"): "as stitch, which reads the same stream",
    ("lake", "s3:PutObject"): "an object per batch, named by what is in it; and as stitch, what Lambda leaves of the stream",
    ("segments", "s3:GetObject"): "an object per part of a scheduled list",
    ("segments", "s3:PutObject"): "as s3:GetObject",
    ("imports", "s3:GetObject"): "an object per import, and per part of its report",
    ("imports", "s3:PutObject"): "as s3:GetObject",
    ("imports", "s3:AbortMultipartUpload"): "as s3:GetObject",
}


def statements(synthesised: Synthesised) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each statement of each function's role, with the handler's name."""
    handlers = {flat(function["Role"]).strip("<>").split(".")[0]: name for name, function in synthesised.platform.functions().items()}
    for policy in synthesised.platform.properties("AWS::IAM::Policy").values():
        (role,) = policy["Roles"]
        for statement in policy["PolicyDocument"]["Statement"]:
            yield handlers[role["Ref"]], statement


def test_every_policy_belongs_to_a_function(prod: Synthesised) -> None:
    assert {handler for handler, _ in statements(prod)} == HANDLERS.keys()


def test_no_action_holds_a_star(prod: Synthesised) -> None:
    actions = {action for _, statement in statements(prod) for action in as_list(statement["Action"])}
    assert actions
    assert [action for action in actions if "*" in action] == []


def test_a_star_in_a_resource_has_a_listed_reason(prod: Synthesised) -> None:
    starred = {
        (handler, action)
        for handler, statement in statements(prod)
        if any("*" in flat(resource) for resource in as_list(statement["Resource"]))
        for action in as_list(statement["Action"])
    }
    assert starred == REASONS.keys()


def test_only_setup_writes_the_keys_and_only_their_users_read_them(prod: Synthesised) -> None:
    holders: dict[tuple[str, str], set[str]] = {}
    for handler, statement in statements(prod):
        for action in as_list(statement["Action"]):
            if action.startswith("ssm:"):
                for resource in as_list(statement["Resource"]):
                    holders.setdefault((action, flat(resource).split("parameter/")[1]), set()).add(handler)
    person, link, signing = "ariane/prod/person-id-key", "ariane/prod/link-signing-key", "ariane/prod/identity-signing-key"
    assert holders == {
        ("ssm:GetParameters", person): {"collect", "stitch", "resolve", "segments", "journey", "send", "api", "imports", "lake"},
        ("ssm:GetParameters", link): {"collect", "send", "links"},
        ("ssm:GetParameters", signing): {"collect"},
        ("ssm:GetParameter", link): {"setup"},
        ("ssm:PutParameter", person): {"setup"},
        ("ssm:PutParameter", link): {"setup"},
        ("ssm:PutParameter", signing): {"setup"},
    }


def test_nothing_is_deleted_but_what_an_identity_lost_and_consents_that_were_another_persons(prod: Synthesised) -> None:
    actions = {action for _, statement in statements(prod) for action in as_list(statement["Action"])}
    assert not actions & {"dynamodb:DeleteTable", "s3:DeleteObject"}
    deleting = {
        (handler, flat(resource))
        for handler, statement in statements(prod)
        if "dynamodb:DeleteItem" in as_list(statement["Action"])
        for resource in as_list(statement["Resource"])
    }
    identities, privacy, profiles = (
        next(f"<{name}.Arn>" for name in prod.platform.of_type("AWS::DynamoDB::Table") if part in name)
        for part in ("Identities", "Privacy", "Profiles")
    )
    # Who leaves a segment leaves its list; a backfill refolds as the background does.
    of_segments = {("segments", profiles), ("segments", privacy)}
    assert deleting - of_segments == {(handler, table) for handler in ("stitch", "resolve") for table in (identities, privacy)} | {
        ("api", identities)
    }
    assert of_segments <= deleting


def test_a_function_may_use_only_the_tables_that_it_is_told_of(prod: Synthesised) -> None:
    tables = prod.platform.of_type("AWS::DynamoDB::Table").keys()
    for handler, statement in statements(prod):
        variables = prod.platform.functions()[handler]["Environment"]["Variables"].values()
        told = {flat(value).strip("<>") for value in variables}
        used = {flat(item).lstrip("<").split(".")[0] for item in as_list(statement["Resource"]) if ".Arn>" in flat(item)}
        assert used & tables <= told, handler


def test_indexes_are_queried_by_the_tick_and_the_list_of_rejects_alone(prod: Synthesised) -> None:
    readers = {
        (handler, flat(item).split("/index/")[1], action)
        for handler, statement in statements(prod)
        for item in as_list(statement["Resource"])
        if "/index/" in flat(item)
        for action in as_list(statement["Action"])
    }
    indexes = (("tick", "due"), ("tick", "undecided"), ("api", "time"), ("segments", "due"))
    assert readers == {(function, index, "dynamodb:Query") for function, index in indexes}


def test_collect_may_write_of_the_access_table_only_the_counts_of_its_limits(prod: Synthesised) -> None:
    writes = [
        statement
        for handler, statement in statements(prod)
        if handler == "collect"
        and "dynamodb:UpdateItem" in as_list(statement["Action"])
        and any("Access" in flat(resource) for resource in as_list(statement["Resource"]))
    ]
    assert [statement["Condition"] for statement in writes] == [{"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["U#*"]}}]
