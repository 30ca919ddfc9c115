"""DynamoDB's errors, told apart by code, as ours."""

from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

from ariane.errors import ArianeError, Permanent, Retryable

_RETRYABLE = frozenset(
    {
        "InternalFailure",
        "InternalServerError",
        "InternalServerErrorException",
        "LimitExceededException",
        "ProvisionedThroughputExceededException",
        "ReplicatedWriteConflictException",
        "RequestLimitExceeded",
        "RequestTimeout",
        "ServiceUnavailable",
        "ServiceUnavailableException",
        "ThrottlingException",
        "TransactionConflictException",
        "TransactionInProgressException",
    }
)
_NOT_YET = frozenset(
    {
        "AccessDeniedException",
        "ExpiredTokenException",
        "InvalidSignatureException",
        "ResourceNotFoundException",
        "UnrecognizedClientException",
    }
)
"""A missing grant, table or credential is mended by people, and what waited for it must not have been parked meanwhile."""
_RETRYABLE_CANCELLATIONS = frozenset({"TransactionConflict", "ProvisionedThroughputExceeded", "ThrottlingError"})


def translated(error: Exception) -> ArianeError:
    """What the caller of a table does next. Network failures, throttles and faults of the service are Retryable; what is left is a fault of
    ours: Permanent."""
    if isinstance(error, ClientError):
        code = error_code(error)
        if _is_fault_of_service(error) or code in _RETRYABLE or _RETRYABLE_CANCELLATIONS & set(cancellation_codes(error)):
            return Retryable("table_busy", f"the table asks for patience: {code}")
        if code in _NOT_YET:
            return Retryable("table_closed", f"the table is not open to this function: {code}")
        return Permanent("table_refused", f"the table refuses the request: {code}")
    if isinstance(error, ParamValidationError):
        return Permanent("table_refused", "the client refuses the request")
    if isinstance(error, BotoCoreError):
        return Retryable("table_unreachable", f"the table was not reached: {type(error).__name__}")
    raise TypeError(f"not an error of the AWS client: {type(error).__name__}")


def _is_fault_of_service(error: ClientError) -> bool:
    """botocore makes a code of the status, ``503``, where the body names none: then it was not the service's own answer."""
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return status >= 500 or error_code(error).isdigit()


def error_code(error: Exception) -> str:
    return str(error.response.get("Error", {}).get("Code", "")) if isinstance(error, ClientError) else ""


def is_condition_failure(error: Exception) -> bool:
    return error_code(error) == "ConditionalCheckFailedException"


def cancellation_codes(error: Exception) -> list[str]:
    """One code per action of a cancelled transaction, in order ("None" where the action was fine); empty for any other error."""
    if error_code(error) != "TransactionCanceledException" or not isinstance(error, ClientError):
        return []
    reasons: list[dict[str, str]] = error.response.get("CancellationReasons", [])  # type: ignore[assignment]
    return [reason.get("Code", "None") for reason in reasons]
