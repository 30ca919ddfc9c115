"""The message ledger and the suppression list in the Messages table; claims reach into Journeys and Identities."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from ariane.adapters.aws.batch_get import batch_get
from ariane.adapters.aws.errors import cancellation_codes, is_condition_failure, translated
from ariane.adapters.aws.items.ledger import UNDECIDED_SHARDS, entry_item, entry_of, key_of, shard_name, undecided_attributes
from ariane.instants import format_instant
from ariane.messaging.ledger import Claim, ClaimResult, may_be_replaced, settles_at
from ariane.messaging.model import FINAL, LedgerEntry, Status, statuses_before

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

INDEX = "undecided"
_REFUSALS = (ClaimResult.TAKEN, ClaimResult.ENROLMENT_ENDED, ClaimResult.SUPPRESSED)
"""In the order in which the claim's transaction lists its first actions; what follows are checks of heads."""


class DynamoSuppressions:
    def __init__(self, client: "DynamoDBClient", *, messages_table: str) -> None:
        self._client = client
        self._table = messages_table

    def suppress(self, address_id: str, *, reason: str, at: datetime) -> None:
        item = {**_suppression_key(address_id), "rs": {"S": reason}, "at": {"S": format_instant(at)}}
        try:
            self._client.put_item(TableName=self._table, Item=item, ConditionExpression="attribute_not_exists(pk)")
        except (ClientError, BotoCoreError) as error:
            if not is_condition_failure(error):
                raise translated(error) from error

    def reason(self, address_id: str) -> str | None:
        try:
            reply = self._client.get_item(TableName=self._table, Key=_suppression_key(address_id), ConsistentRead=True)
        except (ClientError, BotoCoreError) as error:
            raise translated(error) from error
        item = reply.get("Item")
        return item["rs"]["S"] if item else None


class DynamoLedger:
    def __init__(self, client: "DynamoDBClient", *, messages_table: str, journeys_table: str, identities_table: str) -> None:
        self._client = client
        self._table = messages_table
        self._journeys = journeys_table
        self._identities = identities_table

    def find(self, message_id: str, person_ids: Collection[str]) -> Sequence[LedgerEntry]:
        keys = [(person_id, message_id) for person_id in sorted(set(person_ids))]
        return sorted(map(entry_of, batch_get(self._client, self._table, keys)), key=lambda entry: entry.profile)

    def claim(self, claim: Claim) -> ClaimResult:
        if claim.seen is not None and not may_be_replaced(claim.seen):
            return ClaimResult.TAKEN
        actions = [self._entry_action(claim), self._enrolment_check(claim), self._suppression_check(claim)]
        actions += [self._head_check(root_id, version) for root_id, version in sorted(claim.heads.items())]
        try:
            self._client.transact_write_items(TransactItems=actions)
        except (ClientError, BotoCoreError) as error:
            return _refusal(error)
        return ClaimResult.CLAIMED

    def _entry_action(self, claim: Claim) -> "TransactWriteItemTypeDef":
        put: dict[str, Any] = {"TableName": self._table, "Item": entry_item(claim.entry), **_as_seen(claim.seen)}
        return {"Put": put}  # type: ignore[typeddict-item]

    def _enrolment_check(self, claim: Claim) -> "TransactWriteItemTypeDef":
        enrolment = claim.enrolment
        return {
            "ConditionCheck": {
                "TableName": self._journeys,
                "Key": {"pk": {"S": enrolment.profile}, "sk": {"S": enrolment.enrolment}},
                "ConditionExpression": "#st = :running AND nd = :node AND vi = :visit",
                "ExpressionAttributeNames": {"#st": "st"},
                "ExpressionAttributeValues": {
                    ":running": {"S": "running"},
                    ":node": {"S": enrolment.node},
                    ":visit": {"N": str(enrolment.visit)},
                },
            }
        }

    def _suppression_check(self, claim: Claim) -> "TransactWriteItemTypeDef":
        return {
            "ConditionCheck": {
                "TableName": self._table,
                "Key": _suppression_key(claim.entry.address_id or ""),
                "ConditionExpression": "attribute_not_exists(pk)",
            }
        }

    def _head_check(self, root_id: str, version: int) -> "TransactWriteItemTypeDef":
        key = {"pk": {"S": root_id}, "sk": {"S": "H"}}
        if version == 0:
            return {"ConditionCheck": {"TableName": self._identities, "Key": key, "ConditionExpression": "attribute_not_exists(pk)"}}
        return {
            "ConditionCheck": {
                "TableName": self._identities,
                "Key": key,
                "ConditionExpression": "#v = :version AND attribute_not_exists(#to)",
                "ExpressionAttributeNames": {"#v": "v", "#to": "to"},
                "ExpressionAttributeValues": {":version": {"N": str(version)}},
            }
        }

    def skip(self, entry: LedgerEntry) -> bool:
        try:
            self._client.put_item(
                TableName=self._table,
                Item=entry_item(entry),
                ConditionExpression="attribute_not_exists(pk) OR #st = :reopened",
                ExpressionAttributeNames={"#st": "st"},
                ExpressionAttributeValues={":reopened": {"S": str(Status.REOPENED)}},
            )
        except (ClientError, BotoCoreError) as error:
            return _refused(error)
        return True

    def move(self, entry: LedgerEntry, status: Status, *, reason: str | None = None, provider_id: str | None = None) -> bool:
        update, values = _movement(entry, status, reason=reason, provider_id=provider_id)
        before = {f":b{place}": {"S": str(each)} for place, each in enumerate(sorted(statuses_before(status)))}
        same = "(#st = :status AND (attribute_not_exists(#rs) OR #rs = :reason))"
        try:
            self._client.update_item(
                TableName=self._table,
                Key=key_of(entry.profile, entry.id),
                UpdateExpression=update,
                ConditionExpression=f"#at = :at AND (#st IN ({', '.join(before)}) OR {same})",
                ExpressionAttributeNames={"#st": "st", "#rs": "rs", "#at": "at"},
                ExpressionAttributeValues={**values, **before, ":at": {"S": format_instant(entry.at)}},
            )
        except (ClientError, BotoCoreError) as error:
            return _refused(error)
        return True

    def entries_of(self, person_ids: Collection[str]) -> Sequence[LedgerEntry]:
        pages = self._client.get_paginator("query")
        found: list[LedgerEntry] = []
        try:
            for person_id in sorted(set(person_ids)):
                values = {":pk": {"S": person_id}, ":prefix": {"S": "msg_"}}
                condition = "pk = :pk AND begins_with(sk, :prefix)"
                for page in pages.paginate(
                    TableName=self._table, KeyConditionExpression=condition, ExpressionAttributeValues=values, ConsistentRead=True
                ):
                    found += [entry_of(item) for item in page["Items"]]
        except (ClientError, BotoCoreError) as error:
            raise translated(error) from error
        return sorted(found, key=lambda entry: (entry.at, entry.id), reverse=True)

    def unsettled(self, now: datetime, *, limit: int) -> Sequence[LedgerEntry]:
        """Each shard is asked for as many, so that none is behind the others."""
        pages = self._client.get_paginator("query")
        found: list[LedgerEntry] = []
        try:
            for shard in range(UNDECIDED_SHARDS):
                for page in pages.paginate(
                    TableName=self._table,
                    IndexName=INDEX,
                    KeyConditionExpression="up = :up AND ua <= :now",
                    ExpressionAttributeValues={":up": {"S": shard_name(shard)}, ":now": {"S": format_instant(now)}},
                    PaginationConfig={"MaxItems": limit, "PageSize": limit},
                ):
                    found += [entry_of(item) for item in page["Items"]]
        except (ClientError, BotoCoreError) as error:
            raise translated(error) from error
        return sorted(found, key=lambda entry: (settles_at(entry), entry.id))[:limit]


def _suppression_key(address_id: str) -> dict[str, Any]:
    return {"pk": {"S": f"X#{address_id}"}, "sk": {"S": "S"}}


def _as_seen(seen: LedgerEntry | None) -> dict[str, Any]:
    """The condition that nothing happened to the entry since; it may also have been closed for good, which leaves its status."""
    if seen is None:
        return {"ConditionExpression": "attribute_not_exists(pk)"}
    return {
        "ConditionExpression": "#at = :at AND #st = :st AND (attribute_not_exists(#rs) OR #rs <> :final)",
        "ExpressionAttributeNames": {"#at": "at", "#st": "st", "#rs": "rs"},
        "ExpressionAttributeValues": {":at": {"S": format_instant(seen.at)}, ":st": {"S": str(seen.status)}, ":final": {"S": FINAL}},
    }


def _movement(entry: LedgerEntry, status: Status, *, reason: str | None, provider_id: str | None) -> tuple[str, dict[str, Any]]:
    values: dict[str, Any] = {":status": {"S": str(status)}, ":reason": {"S": reason or ""}}
    sets, removes = ["#st = :status"], []
    if reason is None:
        removes.append("#rs")
    else:
        sets.append("#rs = :reason")
    if provider_id is not None:
        sets.append("pm = :provider")
        values[":provider"] = {"S": provider_id}
    undecided = undecided_attributes(entry, status=status, reason=reason)
    for name, value in undecided.items():
        sets.append(f"{name} = :{name}")
        values[f":{name}"] = value
    if not undecided:
        removes += ["up", "ua"]
    return f"SET {', '.join(sets)}" + (f" REMOVE {', '.join(removes)}" if removes else ""), values


def _refusal(error: Exception) -> ClaimResult:
    codes = cancellation_codes(error)
    for code, refusal in zip(codes, _REFUSALS, strict=False):
        if code == "ConditionalCheckFailed":
            return refusal
    if {"ConditionalCheckFailed", "TransactionConflict"} & set(codes):
        return ClaimResult.PROFILE_CHANGED
    raise translated(error) from error


def _refused(error: Exception) -> bool:
    if is_condition_failure(error):
        return False
    raise translated(error) from error
