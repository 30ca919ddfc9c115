"""Secret parameters: SecureStrings of the Systems Manager, under the account's own key."""

from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from ariane.adapters.aws.errors import error_code, translated
from ariane.errors import NotFound

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient


class SsmParameters:
    def __init__(self, client: "SSMClient") -> None:
        self._client = client

    def create(self, name: str, value: str) -> bool:
        try:
            self._client.put_parameter(Name=name, Value=value, Type="SecureString", Overwrite=False)
        except (ClientError, BotoCoreError) as error:
            if error_code(error) == "ParameterAlreadyExists":
                return False
            raise translated(error) from error
        return True

    def read(self, name: str) -> str:
        try:
            reply = self._client.get_parameter(Name=name, WithDecryption=True)
        except (ClientError, BotoCoreError) as error:
            if error_code(error) == "ParameterNotFound":
                raise NotFound("parameter_missing", "a key was not made yet: the platform stack makes it") from error
            raise translated(error) from error
        return reply["Parameter"]["Value"]
