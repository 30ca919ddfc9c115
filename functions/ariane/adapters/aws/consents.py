"""Consent records and states in the Privacy table. A decision also raises the head of the person's root in Identities; one for the whole
person finds the fragment of its id unsealed in Profiles."""

from collections.abc import Collection, Sequence
from enum import Enum
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from ariane.adapters.aws.batch_get import batch_get
from ariane.adapters.aws.errors import cancellation_codes, is_condition_failure, translated
from ariane.adapters.aws.items.consents import decision_of, facts, keys_of, record_item, state_key, state_of, status
from ariane.errors import Conflict, Retryable
from ariane.instants import format_instant
from ariane.privacy.consents import FRAGMENT_SEALED, ConsentDecision, ConsentQuestion, ConsentState, latest_of, moves_forward

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

_ATTEMPTS = 5


class _Done(Enum):
    """Of a transaction."""

    NOW = "now"
    BEFORE = "before"
    """Its record is there."""
    NOT = "not"
    """Another decision on the same consent came between; read again."""


class DynamoConsents:
    def __init__(self, client: "DynamoDBClient", *, privacy_table: str, identities_table: str, profiles_table: str | None = None) -> None:
        """Without ``profiles_table``: for who writes none, or only decisions about addresses."""
        self._client = client
        self._table = privacy_table
        self._identities = identities_table
        self._profiles = profiles_table

    def record(self, decision: ConsentDecision, *, root_id: str) -> None:
        for _ in range(_ATTEMPTS):
            stored = self._state(decision)
            if not moves_forward(stored, decision):
                if self._append(decision):
                    self._settle(decision, root_id)
                return None
            done = self._commit(self._moved(decision, stored, self._record_action(decision), root_id))
            if done is _Done.BEFORE:
                return self._settle(decision, root_id)
            if done is _Done.NOW:
                return None
        raise _contended()

    def adopt(self, decision: ConsentDecision, *, root_id: str) -> None:
        for _ in range(_ATTEMPTS):
            stored = self._state(decision)
            record = self._record_action(decision, is_new=False)
            moves = moves_forward(stored, decision)
            if self._commit(self._moved(decision, stored, record, root_id) if moves else [record]) is not _Done.NOT:
                return None if moves else self._settle(decision, root_id)
        raise _contended()

    def release(self, decision: ConsentDecision, *, root_id: str) -> None:
        for _ in range(_ATTEMPTS):
            records = self._records(decision)
            if not any(each.state == decision.state for each in records):
                return self._settle(decision, root_id)
            stored = self._state(decision)
            actions = [self._mark_action(decision)]
            if stored == decision.state:
                remaining = latest_of(each for each in records if each.state != decision.state)
                actions = [self._reset_action(stored, remaining), *actions, self._head_action(root_id)]
            if self._commit(actions) is not _Done.NOT:
                return self._settle(decision, root_id)
        raise _contended()

    def _settle(self, decision: ConsentDecision, root_id: str) -> None:
        """A late decision is recorded while the state is looked at alone, and a state is reset by the records that were read: each looks
        again at what the other wrote, so that neither leaves a decision out."""
        for _ in range(_ATTEMPTS):
            latest, stored = latest_of(self._records(decision)), self._state(decision)
            if latest is None or not moves_forward(stored, latest):
                return
            record = self._record_action(latest, is_new=False)
            if self._commit(self._moved(latest, stored, record, root_id)) is not _Done.NOT:
                return
        raise _contended()

    def _moved(
        self, decision: ConsentDecision, stored: ConsentState | None, record: "TransactWriteItemTypeDef", root_id: str
    ) -> list["TransactWriteItemTypeDef"]:
        state, head = self._state_action(decision, stored), self._head_action(root_id)
        return [state, record, head, *([self._awake_check(decision.person_id)] if decision.is_person_wide else [])]

    def _awake_check(self, person_id: str) -> "TransactWriteItemTypeDef":
        if self._profiles is None:
            raise AssertionError("a decision for a whole person is written where the Profiles table is known")
        key = {"pk": {"S": person_id}, "sk": {"S": "F"}}
        return {"ConditionCheck": {"TableName": self._profiles, "Key": key, "ConditionExpression": "attribute_not_exists(sl)"}}

    def _records(self, decision: ConsentDecision) -> list[ConsentDecision]:
        """On the same thing, without those that are another's."""
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="pk = :pk AND begins_with(sk, :prefix)",
            ExpressionAttributeValues={":pk": {"S": decision.person_id}, ":prefix": {"S": "L#"}},
            ConsistentRead=True,
        )
        try:
            found = [decision_of(item) for page in pages for item in page["Items"] if "mv" not in item]
        except (ClientError, BotoCoreError) as error:
            raise translated(error) from error
        return [each for each in found if each.thing == decision.thing]

    def _state(self, decision: ConsentDecision) -> ConsentState | None:
        try:
            reply = self._client.get_item(TableName=self._table, Key=state_key(decision.state), ConsistentRead=True)
        except (ClientError, BotoCoreError) as error:
            raise translated(error) from error
        item = reply.get("Item")
        return state_of(item) if item else None

    def _append(self, decision: ConsentDecision) -> bool:
        """A decision that came late: the history has it, the state stays. By that state its id is known as a holder, sealed or not. False:
        the history had it."""
        try:
            self._client.put_item(TableName=self._table, Item=record_item(decision), ConditionExpression="attribute_not_exists(pk)")
        except (ClientError, BotoCoreError) as error:
            if not is_condition_failure(error):
                raise translated(error) from error
            return False
        return True

    def _commit(self, actions: Sequence["TransactWriteItemTypeDef"]) -> "_Done":
        try:
            self._client.transact_write_items(TransactItems=actions)
        except (ClientError, BotoCoreError) as error:
            failed = dict(zip(map(_name_of, actions), cancellation_codes(error), strict=False))
            if failed.get("record") == "ConditionalCheckFailed":
                return _Done.BEFORE
            if failed.get("head") == "ConditionalCheckFailed":
                raise Conflict("root_merged", "the person was merged into another meanwhile") from error
            if failed.get("fragment") == "ConditionalCheckFailed":
                raise Conflict(FRAGMENT_SEALED, "the decision is of a device at rest") from error
            if "TransactionConflict" not in failed.values() and failed.get("state") != "ConditionalCheckFailed":
                raise translated(error) from error
            return _Done.NOT
        return _Done.NOW

    def _state_action(self, decision: ConsentDecision, stored: ConsentState | None) -> "TransactWriteItemTypeDef":
        put: dict[str, Any] = {"TableName": self._table, "Item": {**state_key(decision.state), **facts(decision)}}
        return {"Put": put | (_while(stored) if stored else {"ConditionExpression": "attribute_not_exists(pk)"})}  # type: ignore[typeddict-item]

    def _reset_action(self, stored: ConsentState, remaining: ConsentDecision | None) -> "TransactWriteItemTypeDef":
        if remaining is not None:
            return self._state_action(remaining, stored)
        delete: dict[str, Any] = {"TableName": self._table, "Key": state_key(stored), **_while(stored)}
        return {"Delete": delete}  # type: ignore[typeddict-item]

    def _mark_action(self, decision: ConsentDecision) -> "TransactWriteItemTypeDef":
        """Of a record that is another's. Where two mark it at once, one has done it all."""
        record = record_item(decision)
        update: dict[str, Any] = {
            "TableName": self._table,
            "Key": {name: record[name] for name in ("pk", "sk")},
            "UpdateExpression": "SET mv = :yes",
            "ConditionExpression": "attribute_exists(pk) AND attribute_not_exists(mv)",
            "ExpressionAttributeValues": {":yes": {"BOOL": True}},
        }
        return {"Update": update}  # type: ignore[typeddict-item]

    def _record_action(self, decision: ConsentDecision, *, is_new: bool = True) -> "TransactWriteItemTypeDef":
        put: dict[str, Any] = {"TableName": self._table, "Item": record_item(decision)}
        return {"Put": put | ({"ConditionExpression": "attribute_not_exists(pk)"} if is_new else {})}  # type: ignore[typeddict-item]

    def _head_action(self, root_id: str) -> "TransactWriteItemTypeDef":
        """Creates the head of an identifier that was never seen with another: its version alone, nothing that resolution owns."""
        return {
            "Update": {
                "TableName": self._identities,
                "Key": {"pk": {"S": root_id}, "sk": {"S": "H"}},
                "UpdateExpression": "ADD #v :one",
                "ConditionExpression": "attribute_not_exists(#to)",
                "ExpressionAttributeNames": {"#v": "v", "#to": "to"},
                "ExpressionAttributeValues": {":one": {"N": "1"}},
            }
        }

    def concerning(self, question: ConsentQuestion) -> Sequence[ConsentState]:
        return [state_of(item) for item in batch_get(self._client, self._table, keys_of(question))]

    def states(self, person_ids: Collection[str]) -> Sequence[ConsentState]:
        pages = self._client.get_paginator("query")
        found: list[ConsentState] = []
        try:
            for person_id in sorted(set(person_ids)):
                for page in pages.paginate(
                    TableName=self._table,
                    KeyConditionExpression="pk = :pk AND begins_with(sk, :prefix)",
                    ExpressionAttributeValues={":pk": {"S": person_id}, ":prefix": {"S": "C#"}},
                    ConsistentRead=True,
                ):
                    found += [state_of(item) for item in page["Items"]]
        except (ClientError, BotoCoreError) as error:
            raise translated(error) from error
        return found


def _contended() -> Retryable:
    return Retryable("consent_contended", "other decisions on the same consent keep coming")


def _name_of(action: "TransactWriteItemTypeDef") -> str:
    """Which of a transaction's rows an action is about: ``state``, ``record``, ``head`` or ``fragment``."""
    ((_, body),) = action.items()
    key: Any = body.get("Key") or body["Item"]  # type: ignore[attr-defined, index]
    return {"C": "state", "L": "record", "H": "head", "F": "fragment"}[key["sk"]["S"][0]]


def _while(stored: ConsentState) -> dict[str, Any]:
    """As long as that is the state."""
    return {
        "ConditionExpression": "#at = :at AND #st = :st AND #m = :m",
        "ExpressionAttributeNames": {"#at": "at", "#st": "st", "#m": "m"},
        "ExpressionAttributeValues": {
            ":at": {"S": format_instant(stored.at)},
            ":st": status(stored.granted),
            ":m": {"S": stored.message_id},
        },
    }
