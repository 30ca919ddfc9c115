"""The deployment's keys, from SSM, over the slim client."""

from collections.abc import Sequence

from ariane.adapters.aws.signed_client import ServiceError, SignedClient
from ariane.errors import Permanent


def read_secrets(client: SignedClient, names: Sequence[str]) -> dict[str, bytes]:
    """Parameter name -> its text as bytes: the text is the HMAC key, whatever it encodes. Raises Retryable, or Permanent without access."""
    try:
        answer = client.call("GetParameters", {"Names": list(names), "WithDecryption": True})
    except ServiceError as error:
        raise Permanent("secrets_refused", f"the parameters cannot be read: {error.code}") from error
    found = {each["Name"]: str(each["Value"]).encode() for each in answer.get("Parameters", [])}
    missing = sorted(set(names) - set(found))
    if missing:
        raise Permanent("secrets_missing", "the platform's keys are not set up: " + ", ".join(missing))
    return found
