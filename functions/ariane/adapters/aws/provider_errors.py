"""What a provider's answer says about a message: gone, never, not yet, or nobody knows. The quirks are the tables of each sender."""

from collections.abc import Mapping

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ParamValidationError,
    ProxyConnectionError,
    SSLError,
)

from ariane.errors import ArianeError, Permanent, Retryable
from ariane.messaging.senders import OutcomeUnknown

_NEVER_CONNECTED = (ConnectTimeoutError, EndpointConnectionError, ProxyConnectionError, SSLError, NoCredentialsError)
_CLOSED = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "AuthorizationError",  # SNS
        "AuthorizationErrorException",
        "ExpiredToken",
        "ExpiredTokenException",
        "IncompleteSignature",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "MissingAuthenticationToken",
        "MissingAuthenticationTokenException",
        "NotAuthorized",
        "OptInRequired",
        "RequestExpired",
        "SignatureDoesNotMatch",
        "UnrecognizedClient",
        "UnrecognizedClientException",
    }
)
"""Of the function, not of the message: a missing grant or a credential that ran out is mended by people, and nothing left."""
_SERVER_ERROR = 500

NOT_TAKEN = frozenset({"provider_closed", "provider_throttled", "provider_unreachable"})
"""Codes of the plain Retryable: nothing left. The ledger keeps them as reasons."""


def outcome_of(error: ClientError | BotoCoreError, *, permanent: Mapping[str, str], throttled: frozenset[str]) -> ArianeError:
    """``permanent`` maps error codes to ledger reasons. A code in neither table, below 500, is permanent too: the request was refused."""
    if isinstance(error, ParamValidationError):
        return Permanent("invalid_request", "the client refused the message before it left")
    if isinstance(error, _NEVER_CONNECTED):
        return Retryable("provider_unreachable", "no connection to the provider: nothing left")
    if not isinstance(error, ClientError):
        return OutcomeUnknown("provider_silent", f"the provider did not answer: {type(error).__name__}")
    code = str(error.response.get("Error", {}).get("Code", ""))
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code in _CLOSED:
        return Retryable("provider_closed", f"the provider is not open to this function: {code}")
    if code in throttled:
        return Retryable("provider_throttled", f"the provider asks for patience: {code}")
    if code not in permanent and status >= _SERVER_ERROR:
        return OutcomeUnknown("provider_failed", f"the provider failed on its side: {code}")
    return Permanent(permanent.get(code, "provider_refused"), f"the provider refuses the message: {code}")
