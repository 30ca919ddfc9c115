"""What conditions are asked of: everything known of one person, by the events' own instants, in milliseconds."""

from collections.abc import Sequence
from typing import Protocol

from ariane.conditions.series import Consent, Observed, Series, Settings


class View(Protocol):
    def observed(self, series: Series) -> Observed:
        """Empty where nothing of it is known."""
        ...

    def settings(self, trait: str) -> Settings:
        """Of a top-level trait of the profile."""
        ...

    def consents(self) -> Sequence[Consent]:
        """The decisions that stand now."""
        ...

    @property
    def facts(self) -> "Facts": ...


class Facts(Protocol):
    """What never depends on a definition."""

    @property
    def first_seen(self) -> int | None: ...

    @property
    def identified_at(self) -> int | None:
        """Since when the person has an identifier that makes it identified; None: it has none."""
        ...

    @property
    def plain_identifier(self) -> str:
        """``namespace:value`` of the root: what buckets and arms are drawn by."""
        ...

    @property
    def time_zone(self) -> str:
        """An IANA name."""
        ...

    @property
    def enrolled_at(self) -> int | None:
        """Of the enrolment that asks; None: none does."""
        ...
