"""A commit of identities as the actions of one transaction."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from ariane.adapters.aws.items.identities import ASSERTION, HEAD, MEMBER, assertion_item, head_item, key_of, member_item
from ariane.adapters.aws.items.identity_changes import history_item
from ariane.adapters.aws.items.identity_history import CLUSTER, cluster_item, entry_item, split_item
from ariane.identity.commits import Commit
from ariane.identity.model import Assertion, Split

EARLIER = (
    "attribute_not_exists(pk) OR t > :t OR (t = :t AND s > :s) OR (t = :t AND s = :s AND m > :m)"
    " OR (t = :t AND s = :s AND m = :m AND dg > :dg) OR (t = :t AND s = :s AND m = :m AND dg = :dg AND rx > :rx)"
)
"""Of the assertions of one set the earliest stands: this one comes before what is stored (``Assertion.precedence``)."""

type Json = dict[str, Any]


def actions_of(commit: Commit, table: str) -> list[Json]:
    """Each is ``{"Put" | "Delete" | "ConditionCheck": …}``. Raises Rejected (``split_too_large``)."""
    return [{name: {"TableName": table, **action}} for name, action in _actions(commit)]


def _actions(commit: Commit) -> Iterator[tuple[str, Json]]:
    yield from _locked(commit)
    gone = [(child.parent, MEMBER + child.child) for child in commit.left]
    gone += [(person_id, ASSERTION + assertion.digest) for person_id, assertion in commit.dropped]
    for key in gone:
        yield "Delete", {"Key": key_of(*key)}
    for item in (*map(member_item, commit.joined), *map(entry_item, commit.entries)):
        yield "Put", {"Item": item}
    for person_id, assertion in commit.assertions:
        yield "Put", earliest_put(person_id, assertion)
    for person_id, assertion in commit.replaced:
        yield "Put", {"Item": assertion_item(person_id, assertion)}
    if commit.split is not None:
        yield "Put", {"Item": split_item(commit.split), **_undecided(commit.split)}
    if commit.transition is not None:
        yield "Put", {"Item": history_item(*commit.transition)}


def _locked(commit: Commit) -> Iterator[tuple[str, Json]]:
    for head in commit.heads:
        yield "Put", {"Item": head_item(replace(head, version=head.version + 1)), **as_read(head.version)}
    for cluster in commit.clusters:
        yield "Put", {"Item": cluster_item(replace(cluster, version=cluster.version + 1)), **as_read(cluster.version)}
    checked = [(head.person_id, HEAD, head.version) for head in commit.checked]
    checked += [(cluster.id, CLUSTER, cluster.version) for cluster in commit.checked_clusters]
    for key, sort, version in checked:
        yield "ConditionCheck", {"Key": key_of(key, sort), **as_read(version)}


def as_read(version: int) -> Json:
    """Every writer of such a row raises its version, a consent decision too: nothing else needs to be compared."""
    if version == 0:
        return {"ConditionExpression": "attribute_not_exists(#v)", "ExpressionAttributeNames": {"#v": "v"}}
    return {
        "ConditionExpression": "#v = :v",
        "ExpressionAttributeNames": {"#v": "v"},
        "ExpressionAttributeValues": {":v": {"N": str(version)}},
    }


def earliest_put(person_id: str, assertion: Assertion) -> Json:
    item = assertion_item(person_id, assertion)
    values = {f":{name}": item.get(name, {"S": ""}) for name in ("t", "s", "m", "dg", "rx")}
    return {"Item": item, "ConditionExpression": EARLIER, "ExpressionAttributeValues": values}


def _undecided(split: Split) -> Json:
    """A split is written once, and lifted once."""
    if not split.is_lifted:
        return {"ConditionExpression": "attribute_not_exists(pk)"}
    return {"ConditionExpression": "attribute_exists(pk) AND attribute_not_exists(la)"}
