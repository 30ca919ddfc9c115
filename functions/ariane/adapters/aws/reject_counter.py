"""How much of each source was refused on a day: one item per day and source, over the slim client."""

from typing import Any

from ariane.adapters.aws.signed_client import ServiceError, SignedClient
from ariane.errors import Permanent
from ariane.events.rejects import KEPT_FOR, Tally
from ariane.instants import parse_instant

REFUSED, NOT_KEPT = "c:", "d:"


class DynamoRejectCounter:
    """The slim client repeats a call whose answer was lost: such counts are counted twice, never lost."""

    def __init__(self, client: SignedClient, *, table: str) -> None:
        self._client = client
        self._table = table

    def add(self, day: str, source: str, tally: Tally) -> int:
        request = {
            "TableName": self._table,
            "Key": {"pk": {"S": f"N#{day}"}, "sk": {"S": f"S#{source}"}},
            **_addition(tally, expires=int((parse_instant(day) + KEPT_FOR).timestamp())),
            "ReturnValues": "UPDATED_NEW",
        }
        try:
            answer = self._client.call("UpdateItem", request)
        except ServiceError as error:
            raise Permanent("rejects_refused", f"the rejects table refuses: {error.code}") from error
        return int(answer["Attributes"]["v"]["N"])


def _addition(tally: Tally, *, expires: int) -> dict[str, Any]:
    numbers = {f"{REFUSED}{code}": number for code, number in tally.refused.items()}
    numbers |= {f"{NOT_KEPT}{code}": number for code, number in tally.not_kept.items()}
    names = {f"#n{place}": name for place, name in enumerate(numbers)}
    values = {f":n{place}": {"N": str(number)} for place, number in enumerate(numbers.values())}
    added = ", ".join(["v :v", *(f"#n{place} :n{place}" for place in range(len(numbers)))])
    return {
        "UpdateExpression": f"ADD {added} SET x = if_not_exists(x, :x)",
        **({"ExpressionAttributeNames": names} if names else {}),
        "ExpressionAttributeValues": {**values, ":v": {"N": str(tally.weight)}, ":x": {"N": str(expires)}},
    }
