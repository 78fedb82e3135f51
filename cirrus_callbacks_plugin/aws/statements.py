"""BatchExecuteStatement as it must be read: each statement has an error of its own.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchExecuteStatement.html
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from types_boto3_dynamodb import DynamoDBClient

MAX_STATEMENTS = 25  # BatchExecuteStatement's limit

OPERATION = "BatchExecuteStatement"

# A statement's codes are spelled otherwise than the errors of a call of one's own.
# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchStatementError.html
_CODES = {
    "AccessDenied": "AccessDeniedException",
    "ConditionalCheckFailed": "ConditionalCheckFailedException",
    "DuplicateItem": "DuplicateItemException",
    "ItemCollectionSizeLimitExceeded": "ItemCollectionSizeLimitExceededException",
    "ProvisionedThroughputExceeded": "ProvisionedThroughputExceededException",
    "ResourceNotFound": "ResourceNotFoundException",
    "ThrottlingError": "ThrottlingException",
    "TransactionConflict": "TransactionConflictException",
    "ValidationError": "ValidationException",
}


@dataclass(frozen=True, slots=True)
class Statement:
    """One PartiQL statement that writes.

    Attributes:
        text: the statement, with a question mark for each parameter.
        parameters: low-level values, in their order.
    """

    text: str
    parameters: tuple[Any, ...]


def execute_batch(
    client: DynamoDBClient, statements: Sequence[Statement]
) -> list[ClientError | None]:
    """Execute at most 25 statements, each about another item.

    They are not a transaction: some may have been executed although no answer came.

    Returns:
        In their order: None where the statement was executed, else its error as a call of its
        own would raise it; that of a condition holds the item that was there, as ``Item``.

    Raises:
        ClientError, BotoCoreError: the call failed as a whole.
    """
    response = client.batch_execute_statement(
        Statements=[
            {
                "Statement": each.text,
                "Parameters": list(each.parameters),
                "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            }
            for each in statements
        ]
    )
    return [_error(each.get("Error")) for each in response["Responses"]]


def _error(error: Any) -> ClientError | None:
    if not error:
        return None
    code = str(error.get("Code", "Unknown"))
    response: Any = {
        "Error": {"Code": _CODES.get(code, code), "Message": str(error.get("Message", ""))}
    }
    if "Item" in error:
        response["Item"] = error["Item"]
    return ClientError(response, OPERATION)
