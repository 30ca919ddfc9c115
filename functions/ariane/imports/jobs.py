"""What the imports queue holds: S3's word that a file arrived, or our own that an import goes on."""

from urllib.parse import unquote_plus

import orjson

from ariane.errors import Permanent

_PREFIX = "uploads/"


def message_of(import_id: str) -> str:
    return orjson.dumps({"import": import_id}).decode()


def imports_of(body: str) -> list[str]:
    """Their ids. None of S3's own test message, which comes when the notification is set up. Raises Permanent for what is neither."""
    try:
        message = orjson.loads(body)
        if "import" in message:
            return [str(message["import"])]
        if message.get("Event") == "s3:TestEvent":
            return []
        keys = [unquote_plus(record["s3"]["object"]["key"]) for record in message["Records"]]
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
        raise Permanent("unreadable_job", "the message names no import and no file") from error
    return [key.removeprefix(_PREFIX) for key in keys if key.startswith(_PREFIX)]
