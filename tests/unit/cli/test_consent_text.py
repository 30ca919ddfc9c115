"""How a consent is told to people: two that seem to contradict each other are about different addresses."""

from cli.lookups import consent_text


def test_a_consent_says_whom_it_is_for() -> None:
    said = {"topic": "loyalty", "channel": "email", "source": "backend", "at": "2026-11-22T12:00:00.000Z"}

    own = consent_text({**said, "is": "withdrawn", "identifier": "email:lea@example.com"})
    whole = consent_text({**said, "is": "granted", "identifier": None})

    assert own == "loyalty by email, email:lea@example.com: withdrawn (backend, 2026-11-22)"
    assert whole == "loyalty by email, all addresses: granted (backend, 2026-11-22)"
