from ariane.adapters.aws.tokens import DynamoTokens
from ariane.settings import AuthorizerSettings
from ariane.wiring.clients import client


def token_reader(settings: AuthorizerSettings) -> DynamoTokens:
    return DynamoTokens(client("dynamodb"), table=settings.access_table)
