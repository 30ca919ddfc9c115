"""One deployed stage, as the commands see it: what CloudFormation says it has, and clients to reach it, in AWS or on this machine."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING

from cli.failures import CommandFailed
from cli.local.environment import sdk_variables
from cli.local.home import Home, Stack, default_home

if TYPE_CHECKING:
    import boto3
    from botocore.config import Config
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodbstreams import DynamoDBStreamsClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sesv2 import SESV2Client
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_ssm import SSMClient


@cache
def _patient() -> "Config":
    # A tenth of a second to import, as boto3: whoever asks the API alone does without.
    from botocore.config import Config

    return Config(connect_timeout=5, read_timeout=60, retries={"mode": "standard", "total_max_attempts": 3})


def local_session(endpoint: str) -> "boto3.Session":
    """Never the user's own credentials: a session for the emulator must not reach a real account."""
    import boto3

    variables = sdk_variables(endpoint)
    return boto3.Session(
        aws_access_key_id=variables["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=variables["AWS_SECRET_ACCESS_KEY"],
        region_name=variables["AWS_REGION"],
    )


@dataclass(frozen=True)
class Deployment:
    stage: str
    open_session: "Callable[[], boto3.Session]"
    """Once, when AWS or the emulator is asked for the first time."""
    endpoint: str | None = None
    """The emulator's; None in AWS."""
    home: Home | None = None
    """Of the local run, when this is one."""

    @cached_property
    def session(self) -> "boto3.Session":
        return self.open_session()

    @cached_property
    def cloudformation(self) -> "CloudFormationClient":
        return self.session.client("cloudformation", endpoint_url=self.endpoint, config=_patient())

    @cached_property
    def dynamodb(self) -> "DynamoDBClient":
        return self.session.client("dynamodb", endpoint_url=self.endpoint, config=_patient())

    @cached_property
    def streams(self) -> "DynamoDBStreamsClient":
        return self.session.client("dynamodbstreams", endpoint_url=self.endpoint, config=_patient())

    @cached_property
    def lambdas(self) -> "LambdaClient":
        return self.session.client("lambda", endpoint_url=self.endpoint, config=_patient())

    @cached_property
    def logs(self) -> "CloudWatchLogsClient":
        return self.session.client("logs", endpoint_url=self.endpoint, config=_patient())

    @cached_property
    def sesv2(self) -> "SESV2Client":
        return self.session.client("sesv2", endpoint_url=self.endpoint, config=_patient())

    @cached_property
    def s3(self) -> "S3Client":
        # By path: the emulator has no host name for each bucket.
        from botocore.config import Config

        style = Config(s3={"addressing_style": "path"}) if self.endpoint else Config()
        return self.session.client("s3", endpoint_url=self.endpoint, config=_patient().merge(style))

    @cached_property
    def sqs(self) -> "SQSClient":
        return self.session.client("sqs", endpoint_url=self.endpoint, config=_patient())

    @cached_property
    def ssm(self) -> "SSMClient":
        return self.session.client("ssm", endpoint_url=self.endpoint, config=_patient())

    @cached_property
    def outputs(self) -> Mapping[str, str]:
        """Of the platform stack. Raises CommandFailed when it is not there."""
        from botocore.exceptions import ClientError

        name = f"Ariane-{self.stage}-Platform"
        try:
            stacks = self.cloudformation.describe_stacks(StackName=name)["Stacks"]
        except ClientError as error:
            raise CommandFailed(f"no stack {name} in {self.session.region_name}: {error.response['Error'].get('Message', '')}") from error
        return {output["OutputKey"]: output["OutputValue"] for output in stacks[0].get("Outputs", [])}

    def output(self, name: str) -> str:
        try:
            return self.outputs[name]
        except KeyError as error:
            raise CommandFailed(
                f"the stack Ariane-{self.stage}-Platform has no output {name}: deploy it again with this version"
            ) from error

    @property
    def local_stack(self) -> Stack | None:
        return self.home.stack() if self.home else None


def _own_session() -> "boto3.Session":
    import boto3

    return boto3.Session()


def find(stage: str | None) -> Deployment:
    """The named stage in AWS, with the user's own credentials; without a name, the local run."""
    if stage and stage != "local":
        return Deployment(stage=stage, open_session=_own_session)
    return find_local(default_home())


def find_local(home: Home) -> Deployment:
    run = home.run()
    if run is None:
        raise CommandFailed("no local run is up: start one with `ariane up`, or name a deployed stage with --stage")
    return Deployment(stage="local", open_session=lambda: local_session(run.endpoint), endpoint=run.endpoint, home=home)
