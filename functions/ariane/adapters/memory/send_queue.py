"""The send queue in memory."""

from ariane.messaging.model import SendRequest


class MemorySendQueue:
    def __init__(self) -> None:
        self.requests: list[SendRequest] = []

    def ask(self, request: SendRequest) -> None:
        self.requests.append(request)
