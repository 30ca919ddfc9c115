"""What an operator does once after a first deploy, done by the local run: write keys, an API token, a verified sender."""

from pathlib import Path

import yaml
from botocore.exceptions import ClientError

from ariane.access import tokens, write_keys
from ariane.instants import utc_now
from cli.access import new_secret, tokens_of, write_keys_of
from cli.deployment import Deployment


def make_write_keys(deployment: Deployment, brand: Path) -> dict[str, str]:
    """One key for the first source of each kind that the brand names."""
    store = write_keys_of(deployment)
    sources = yaml.safe_load((brand / "sources.yaml").read_text())["sources"]
    first_of_kind: dict[str, str] = {}
    for name, source in sources.items():
        first_of_kind.setdefault(source["kind"], name)
    return {kind: write_keys.create(store, name, clock=utc_now, new_secret=new_secret) for kind, name in first_of_kind.items()}


def make_api_token(deployment: Deployment) -> str:
    return tokens.create(tokens_of(deployment), "local", [tokens.ADMIN], clock=utc_now, new_secret=new_secret)


def verify_sender(deployment: Deployment, brand: Path) -> None:
    """The whole domain, as in production. The emulator takes the claim for the proof."""
    domain = yaml.safe_load((brand / "ariane.yaml").read_text())["email"]["from"].partition("@")[2]
    try:
        deployment.sesv2.create_email_identity(EmailIdentity=domain)
    except ClientError as error:
        if error.response["Error"].get("Code") != "AlreadyExistsException":
            raise
