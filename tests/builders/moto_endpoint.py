"""moto behind a real socket, for clients that do not go through botocore: what they send is what moto parses."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import boto3
import requests
from moto import mock_aws

from ariane.adapters.aws.reject_items import TIME_INDEX
from ariane.adapters.aws.signature import Credentials
from ariane.adapters.aws.signed_bucket import SignedBucket
from ariane.adapters.aws.signed_client import Protocol, SignedClient

REGION = "eu-west-3"
LISTED = ("s", "k", "code", "msg", "ix", "sh", "n", "b", "tr", "w", "rt", "rb")
"""What the index holds. A test of the infrastructure holds the deployed one to it."""
CREDENTIALS = Credentials(access_key="AKIDEXAMPLE", secret_key="wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", token="session")


class _Bridge(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self._forward()

    def do_PUT(self) -> None:
        self._forward()

    def _forward(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        service = self.headers["authorization"].split("/")[3]
        forwarded = {name: value for name, value in self.headers.items() if name.lower() not in ("host", "content-length")}
        url = f"https://{service}.{REGION}.amazonaws.com{self.path}"
        answer = requests.request(self.command, url, data=body, headers=forwarded, timeout=5)
        self.send_response(answer.status_code)
        self.send_header("content-length", str(len(answer.content)))
        self.end_headers()
        self.wfile.write(answer.content)

    def log_message(self, *args: object) -> None:
        """Quiet."""


@dataclass
class Endpoint:
    url: str
    clients: list[SignedClient] = field(default_factory=list)

    def client(self, protocol: Protocol) -> SignedClient:
        client = SignedClient(protocol, endpoint=self.url, region=REGION, credentials=CREDENTIALS, sleep=lambda _: None)
        self.clients.append(client)
        return client

    def bucket(self, name: str) -> SignedBucket:
        return SignedBucket(name, endpoint=self.url, region=REGION, credentials=CREDENTIALS, sleep=lambda _: None)


@contextmanager
def moto_endpoint() -> Iterator[Endpoint]:
    """A bridge to moto, which is mocked for as long; boto3 in the same process sees the same state."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Bridge)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    endpoint = Endpoint(f"http://127.0.0.1:{server.server_port}")
    with mock_aws():
        thread.start()
        try:
            yield endpoint
        finally:
            for client in endpoint.clients:
                client.close()
            server.shutdown()
            server.server_close()
            thread.join()


def make_table(name: str) -> None:
    """A table as every table of the platform is: ``pk`` and ``sk``."""
    boto3.client("dynamodb", region_name=REGION).create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}, {"AttributeName": "sk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )


def make_reject_stores() -> None:
    """The Rejects table with its index by time, and the bucket of long bodies."""
    dynamodb = boto3.client("dynamodb", region_name=REGION)
    dynamodb.create_table(
        TableName="rejects",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk", "at")],
        GlobalSecondaryIndexes=[
            {
                "IndexName": TIME_INDEX,
                "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "at", "KeyType": "RANGE"}],
                "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": list(LISTED)},
            }
        ],
        BillingMode="PAY_PER_REQUEST",
    )
    boto3.client("s3", region_name=REGION).create_bucket(
        Bucket="reject-bodies", CreateBucketConfiguration={"LocationConstraint": "eu-west-3"}
    )
