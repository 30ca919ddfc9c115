"""E-mail through SES v2, as raw MIME: only that carries our own headers."""

from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from ariane.adapters.aws.provider_errors import outcome_of
from ariane.messaging.senders import Email

if TYPE_CHECKING:
    from mypy_boto3_sesv2 import SESV2Client

THROTTLED = frozenset(
    {
        "LimitExceededException",  # the day's quota
        "SendingPausedException",  # paused by hand or by SES: sent when it is lifted
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",  # the rate
    }
)
PERMANENT = {
    "AccountSuspendedException": "account_suspended",
    "BadRequestException": "provider_refused",
    "ConfigurationSetDoesNotExist": "no_configuration_set",
    "ConfigurationSetDoesNotExistException": "no_configuration_set",
    "InvalidParameterValue": "invalid_address",
    "MailFromDomainNotVerified": "sender_not_verified",
    "MailFromDomainNotVerifiedException": "sender_not_verified",
    "MessageRejected": "provider_refused",
    "NotFoundException": "no_configuration_set",
}


class SesEmailSender:
    def __init__(self, client: "SESV2Client", *, configuration_set: str) -> None:
        self._client = client
        self._configuration_set = configuration_set

    def send(self, email: Email, content: bytes) -> str:
        try:
            reply = self._client.send_email(
                FromEmailAddress=email.sender,
                Destination={"ToAddresses": [email.to]},
                Content={"Raw": {"Data": content}},
                EmailTags=[{"Name": name, "Value": value} for name, value in email.tags.items()],
                ConfigurationSetName=self._configuration_set,
            )
        except (ClientError, BotoCoreError) as error:
            raise outcome_of(error, permanent=PERMANENT, throttled=THROTTLED) from error
        return reply["MessageId"]
