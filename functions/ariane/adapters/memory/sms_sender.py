"""An outbox instead of SNS."""

from ariane.errors import ArianeError
from ariane.messaging.senders import Sms


class MemorySmsSender:
    def __init__(self) -> None:
        self.sent: list[Sms] = []
        self.answers: list[ArianeError] = []
        """Raised by the next calls, in order, instead of sending."""

    def send(self, sms: Sms) -> str:
        if self.answers:
            raise self.answers.pop(0)
        self.sent.append(sms)
        return f"sns-{len(self.sent)}"
