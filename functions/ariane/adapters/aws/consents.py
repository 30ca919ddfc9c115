"""Consent records and states in the Privacy table; a decision also raises the head of the person's root in Identities."""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from ariane.adapters.aws.batch_get import batch_get
from ariane.adapters.aws.errors import cancellation_codes, is_condition_failure, translated
from ariane.errors import Conflict, Retryable
from ariane.instants import format_instant, parse_instant
from ariane.privacy.consents import EVERY, ConsentDecision, ConsentQuestion, ConsentState, latest_of, moves_forward

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

_ATTEMPTS = 5


class DynamoConsents:
    def __init__(self, client: "DynamoDBClient", *, privacy_table: str, identities_table: str) -> None:
        self._client = client
        self._table = privacy_table
        self._identities = identities_table

    def record(self, decision: ConsentDecision, *, root_id: str) -> None:
        for _ in range(_ATTEMPTS):
            stored = self._state(decision)
            if not moves_forward(stored, decision):
                return self._append(decision)
            if self._commit([self._state_action(decision, stored), self._record_action(decision), self._head_action(root_id)]):
                return None
        raise _contended()

    def adopt(self, decision: ConsentDecision, *, root_id: str) -> None:
        for _ in range(_ATTEMPTS):
            stored = self._state(decision)
            record = self._record_action(decision, is_new=False)
            moves = moves_forward(stored, decision)
            if self._commit([self._state_action(decision, stored), record, self._head_action(root_id)] if moves else [record]):
                return
        raise _contended()

    def release(self, decision: ConsentDecision, *, root_id: str) -> None:
        for _ in range(_ATTEMPTS):
            records = self._records(decision)
            if not any(each.state == decision.state for each in records):
                return
            stored = self._state(decision)
            actions = [self._mark_action(decision)]
            if stored == decision.state:
                remaining = latest_of(each for each in records if each.state != decision.state)
                actions = [self._reset_action(stored, remaining), *actions, self._head_action(root_id)]
            if self._commit(actions):
                return
        raise _contended()

    def _records(self, decision: ConsentDecision) -> list[ConsentDecision]:
        """On the same thing, without those that are another's."""
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="pk = :pk AND begins_with(sk, :prefix)",
            ExpressionAttributeValues={":pk": {"S": decision.person_id}, ":prefix": {"S": "L#"}},
            ConsistentRead=True,
        )
        try:
            found = [_decision_of(item) for page in pages for item in page["Items"] if "mv" not in item]
        except (ClientError, BotoCoreError) as error:
            raise translated(error) from error
        return [each for each in found if each.thing == decision.thing]

    def _state(self, decision: ConsentDecision) -> ConsentState | None:
        try:
            reply = self._client.get_item(TableName=self._table, Key=_state_key(decision.state), ConsistentRead=True)
        except (ClientError, BotoCoreError) as error:
            raise translated(error) from error
        item = reply.get("Item")
        return _state_of(item) if item else None

    def _append(self, decision: ConsentDecision) -> None:
        """A decision that came late: the history has it, the state stays."""
        try:
            self._client.put_item(TableName=self._table, Item=_record_item(decision), ConditionExpression="attribute_not_exists(pk)")
        except (ClientError, BotoCoreError) as error:
            if not is_condition_failure(error):
                raise translated(error) from error

    def _commit(self, actions: Sequence["TransactWriteItemTypeDef"]) -> bool:
        """False: another decision on the same consent came between; read again."""
        try:
            self._client.transact_write_items(TransactItems=actions)
        except (ClientError, BotoCoreError) as error:
            failed = dict(zip(map(_name_of, actions), cancellation_codes(error), strict=False))
            if failed.get("record") == "ConditionalCheckFailed":
                return True  # it was all committed before
            if failed.get("head") == "ConditionalCheckFailed":
                raise Conflict("root_merged", "the person was merged into another meanwhile") from error
            if "TransactionConflict" not in failed.values() and failed.get("state") != "ConditionalCheckFailed":
                raise translated(error) from error
            return False
        return True

    def _state_action(self, decision: ConsentDecision, stored: ConsentState | None) -> "TransactWriteItemTypeDef":
        put: dict[str, Any] = {"TableName": self._table, "Item": {**_state_key(decision.state), **_facts(decision)}}
        return {"Put": put | (_while(stored) if stored else {"ConditionExpression": "attribute_not_exists(pk)"})}  # type: ignore[typeddict-item]

    def _reset_action(self, stored: ConsentState, remaining: ConsentDecision | None) -> "TransactWriteItemTypeDef":
        if remaining is not None:
            return self._state_action(remaining, stored)
        delete: dict[str, Any] = {"TableName": self._table, "Key": _state_key(stored), **_while(stored)}
        return {"Delete": delete}  # type: ignore[typeddict-item]

    def _mark_action(self, decision: ConsentDecision) -> "TransactWriteItemTypeDef":
        """Of a record that is another's. Where two mark it at once, one has done it all."""
        record = _record_item(decision)
        update: dict[str, Any] = {
            "TableName": self._table,
            "Key": {name: record[name] for name in ("pk", "sk")},
            "UpdateExpression": "SET mv = :yes",
            "ConditionExpression": "attribute_exists(pk) AND attribute_not_exists(mv)",
            "ExpressionAttributeValues": {":yes": {"BOOL": True}},
        }
        return {"Update": update}  # type: ignore[typeddict-item]

    def _record_action(self, decision: ConsentDecision, *, is_new: bool = True) -> "TransactWriteItemTypeDef":
        put: dict[str, Any] = {"TableName": self._table, "Item": _record_item(decision)}
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
        return [_state_of(item) for item in batch_get(self._client, self._table, _keys_of(question))]

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
                    found += [_state_of(item) for item in page["Items"]]
        except (ClientError, BotoCoreError) as error:
            raise translated(error) from error
        return found


def _contended() -> Retryable:
    return Retryable("consent_contended", "other decisions on the same consent keep coming")


def _name_of(action: "TransactWriteItemTypeDef") -> str:
    """Which of a transaction's rows an action is about: ``state``, ``record`` or ``head``."""
    ((_, body),) = action.items()
    key: Any = body.get("Key") or body["Item"]  # type: ignore[attr-defined, index]
    return {"C": "state", "L": "record", "H": "head"}[key["sk"]["S"][0]]


def _while(stored: ConsentState) -> dict[str, Any]:
    """As long as that is the state."""
    return {
        "ConditionExpression": "#at = :at AND #st = :st AND #m = :m",
        "ExpressionAttributeNames": {"#at": "at", "#st": "st", "#m": "m"},
        "ExpressionAttributeValues": {
            ":at": {"S": format_instant(stored.at)},
            ":st": _status(stored.granted),
            ":m": {"S": stored.message_id},
        },
    }


def _state_key(state: ConsentState) -> dict[str, Any]:
    sort = _sort_of(state.topic, state.channel, is_person_wide=state.is_person_wide)
    return {"pk": {"S": state.person_id}, "sk": {"S": sort}}


def _sort_of(topic: str, channel: str, *, is_person_wide: bool) -> str:
    """A mailbox may be a fragment, too: what it says for itself and for its whole person are two rows."""
    return f"C#{topic}#{channel}" + (f"#{EVERY}" if is_person_wide else "")


def _keys_of(question: ConsentQuestion) -> list[tuple[str, str]]:
    pairs = [(topic, channel) for topic in (question.topic, EVERY) for channel in (question.channel, EVERY)]
    keys = [(question.address_id, _sort_of(*pair, is_person_wide=False)) for pair in pairs]
    wide = [_sort_of(*pair, is_person_wide=True) for pair in pairs]
    keys += [(person_id, sort) for person_id in sorted(question.person_ids | question.owner_ids) for sort in wide]
    return list(dict.fromkeys(keys))


def _facts(decision: ConsentDecision) -> dict[str, Any]:
    return {
        "st": _status(decision.granted),
        "at": {"S": format_instant(decision.at)},
        "s": {"S": decision.source},
        "m": {"S": decision.message_id},
    }


def _status(granted: bool) -> dict[str, str]:
    return {"S": "granted" if granted else "withdrawn"}


def _record_item(decision: ConsentDecision) -> dict[str, Any]:
    at = format_instant(decision.at)
    status = "granted" if decision.granted else "withdrawn"
    parts = (decision.topic, decision.channel, status, decision.source, decision.message_id, *([EVERY] if decision.is_person_wide else []))
    digest = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]
    item = {"pk": {"S": decision.person_id}, "sk": {"S": f"L#{at}#{digest}"}, **_facts(decision)}
    item |= {"to": {"S": decision.topic}, "ch": {"S": decision.channel}}
    item |= {"ew": {"BOOL": True}} if decision.is_person_wide else {}
    item |= {name: {"S": text} for name, text in (("w", decision.wording), ("how", decision.how)) if text}
    return item


def _state_of(item: Mapping[str, Any]) -> ConsentState:
    _, topic, channel, *wide = item["sk"]["S"].split("#")
    return ConsentState(
        person_id=item["pk"]["S"],
        topic=topic,
        channel=channel,
        granted=item["st"]["S"] == "granted",
        at=parse_instant(item["at"]["S"]),
        source=item["s"]["S"],
        message_id=item["m"]["S"],
        is_person_wide=bool(wide),
    )


def _decision_of(item: Mapping[str, Any]) -> ConsentDecision:
    texts = {field: item[name]["S"] for name, field in (("w", "wording"), ("how", "how")) if name in item}
    return ConsentDecision(
        person_id=item["pk"]["S"],
        topic=item["to"]["S"],
        channel=item["ch"]["S"],
        granted=item["st"]["S"] == "granted",
        at=parse_instant(item["at"]["S"]),
        source=item["s"]["S"],
        message_id=item["m"]["S"],
        is_person_wide="ew" in item,
        **texts,
    )
