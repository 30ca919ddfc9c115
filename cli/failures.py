"""What a command says when it cannot do its work."""

import sys
from typing import NamedTuple

from typer.exceptions import Abort, TyperException

from ariane.errors import ArianeError

STOPPED = 130
"""The exit code of what was ended by Ctrl-C."""


class CommandFailed(Exception):
    """Ends the command with exit code 1; the message is all that the user sees, so it says what to do next where that is known."""

    code = "command_failed"
    exit_code = 1


class Interrupted(CommandFailed):
    """By Ctrl-C, where there is something to say about it."""

    code = "interrupted"
    exit_code = STOPPED


class Failure(NamedTuple):
    code: str
    """For programs."""
    message: str
    """For people, and all of it."""
    exit_code: int = 1

    def as_json(self) -> dict[str, dict[str, str]]:
        return {"error": {"code": self.code, "message": self.message}}


def failure_of(error: BaseException) -> Failure | None:
    """None of what only a defect of ours raises."""
    if isinstance(error, CommandFailed):
        return Failure(error.code or CommandFailed.code, str(error), error.exit_code)
    if isinstance(error, ArianeError):
        return Failure(error.code, str(error))
    if isinstance(error, TyperException):
        return Failure("usage", error.format_message(), error.exit_code)
    if isinstance(error, Abort):
        return Failure("aborted", "nothing was done: there was no answer")
    return _of_aws(error) or _of_http(error)


def _of_aws(error: BaseException) -> Failure | None:
    # What was never imported cannot have been raised.
    exceptions = sys.modules.get("botocore.exceptions")
    if exceptions is None:
        return None
    if isinstance(error, exceptions.ClientError):
        details = error.response["Error"]
        return Failure(str(details.get("Code", "aws")), f"AWS refuses {error.operation_name}: {details.get('Message', error)}")
    return Failure("aws", str(error)) if isinstance(error, exceptions.BotoCoreError) else None


def _of_http(error: BaseException) -> Failure | None:
    http = sys.modules.get("httpx")
    if http is None or not isinstance(error, http.TransportError):
        return None
    return Failure("no_answer", f"the stack does not answer ({error}): is it up?")
