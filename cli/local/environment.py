"""The environment of what the local run starts: this machine's, without anything of a real AWS account."""

import os

from cli.local.home import ACCOUNT, PROJECT, REGION

_LEFT_OUT = ("AWS_", "CDK_DEFAULT_", "MINISTACK_", "LOCALSTACK_", "PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "LOG_LEVEL", "STAGE")


def bare() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_LEFT_OUT)}
    return kept | {"PATH": f"{PROJECT / '.venv' / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}"}


def pointed_at(endpoint: str) -> dict[str, str]:
    """For the CDK CLI and SDKs: the emulator's endpoint and made-up credentials, whatever profile the user has."""
    return bare() | sdk_variables(endpoint)


def sdk_variables(endpoint: str) -> dict[str, str]:
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ENDPOINT_URL_S3": endpoint,
        "AWS_ACCESS_KEY_ID": ACCOUNT,
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
