"""An outbox instead of SES."""

from ariane.errors import ArianeError
from ariane.messaging.senders import Email


class MemoryEmailSender:
    def __init__(self) -> None:
        self.sent: list[Email] = []
        self.contents: list[bytes] = []
        self.answers: list[ArianeError] = []
        """Raised by the next calls, in order, instead of sending."""

    def send(self, email: Email, content: bytes) -> str:
        if self.answers:
            raise self.answers.pop(0)
        self.sent.append(email)
        self.contents.append(content)
        return f"ses-{len(self.sent)}"
