"""What a command says when it cannot do its work."""


class CommandFailed(Exception):
    """Ends the command with exit code 1; the message is all that the user sees, so it says what to do next where that is known."""
