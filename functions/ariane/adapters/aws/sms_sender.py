"""SMS through SNS, straight to a number."""

from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from ariane.adapters.aws.provider_errors import outcome_of
from ariane.errors import Permanent
from ariane.messaging.model import MessageClass
from ariane.messaging.senders import Sms

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sns.type_defs import MessageAttributeValueTypeDef

THROTTLED = frozenset({"Throttled", "ThrottledException", "Throttling", "ThrottlingException", "RequestLimitExceeded"})
PERMANENT = {
    "InvalidParameter": "invalid_address",
    "InvalidParameterValue": "invalid_address",
    "OptedOut": "opted_out",
    "OptedOutException": "opted_out",
    "UserError": "provider_refused",
    "ValidationException": "invalid_address",
}
_TYPES = {MessageClass.MARKETING: "Promotional", MessageClass.TRANSACTIONAL: "Transactional"}


class SnsSmsSender:
    def __init__(self, client: "SNSClient") -> None:
        self._client = client

    def send(self, sms: Sms) -> str:
        try:
            reply = self._client.publish(PhoneNumber=sms.to, Message=sms.text, MessageAttributes=_attributes(sms))
        except (ClientError, BotoCoreError) as error:
            if _is_opted_out(error):
                raise Permanent("opted_out", "the number has opted out") from error
            raise outcome_of(error, permanent=PERMANENT, throttled=THROTTLED) from error
        return reply["MessageId"]


def _attributes(sms: Sms) -> "dict[str, MessageAttributeValueTypeDef]":
    texts = {"AWS.SNS.SMS.SMSType": _TYPES[sms.message_class]}
    if sms.sender_id:
        texts["AWS.SNS.SMS.SenderID"] = sms.sender_id
    return {name: {"DataType": "String", "StringValue": text} for name, text in texts.items()}


def _is_opted_out(error: Exception) -> bool:
    """SNS says so in an InvalidParameter's words: there is no code for it."""
    return isinstance(error, ClientError) and "opted out" in str(error.response.get("Error", {}).get("Message", "")).lower()
