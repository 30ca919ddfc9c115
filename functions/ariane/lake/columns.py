"""What the lake's tables and views are: one place for the function that writes them, the stack that declares them and whoever reads them.

Every name and type stands in docs/reference/lake.md; a test holds that page to this one.
"""

from dataclasses import dataclass

DATABASE = "ariane"
EVENTS = "events"
IDENTITIES = "identities"
DAY = "day"
"""The partition of both tables: of an event's ``timestamp``, of a row of identities the day on which it was read. In UTC."""
FIRST_DAY = "2010-01-01"
"""Of the partitions that Athena looks for; the last is tomorrow's."""


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    kind: str
    """``string`` or ``boolean``, as Glue writes it."""
    what: str

    @property
    def in_a_view(self) -> str:
        """As Trino writes it."""
        return "varchar" if self.kind == "string" else self.kind


@dataclass(frozen=True, slots=True)
class Table:
    name: str
    columns: tuple[Column, ...]
    """Without the partition."""


@dataclass(frozen=True, slots=True)
class View:
    name: str
    what: str
    columns: tuple[Column, ...]
    sql: str
    """Trino's."""


@dataclass(frozen=True, slots=True)
class SavedQuery:
    name: str
    what: str
    sql: str


def _text(name: str, what: str) -> Column:
    return Column(name, "string", what)


EVENTS_TABLE = Table(
    EVENTS,
    (
        _text("message_id", "the event's id, unique within its source"),
        _text("type", "`track`, `page`, `screen`, `identify`, `group` or `alias`"),
        _text("event", "a track's name; the name of a page or screen, if it has one"),
        _text("timestamp", "when it happened, corrected for the sender's clock; ISO 8601, UTC, milliseconds: it sorts as text"),
        _text("received_at", "when the collector took it in"),
        _text("source", "the source of the brand that sent it; `ariane` for what the platform logs itself"),
        _text("kind", "the kind of that source: `browser`, `app`, `server`, `store` or `import`"),
        _text("person_id", "the fragment that it was stitched to: the person id of the identifier whose event it is"),
        _text("profile_id", "the profile that this fragment belonged to when the event landed"),
        _text("user_id", "`userId` as sent"),
        _text("anonymous_id", "`anonymousId` as sent"),
        _text("group_id", "`groupId` of a group call"),
        _text("session_id", "`context.sessionId`, or what PostHog and GA4 send in its place"),
        _text("page_url", "`context.page.url`"),
        _text("campaign", "`context.campaign`, JSON: name, source, medium, …"),
        _text("properties", "JSON; `json_extract_scalar(properties, '$.order_id')` reads one"),
        _text("traits", "JSON: what the event says of its person"),
        _text("context", "JSON: all of `context`"),
        Column("is_bot", "boolean", "sent by a bot: in no profile, and in none of the views"),
        Column("is_stitched", "boolean", "false: stitching could not take it up within hours, so that nobody's profile counts it (yet)"),
        _text("cause", "where it lies in the log, `person id/sort key/place`, as facts on the bus name it"),
        _text("landed_at", "when the people were read that `profile_id` comes from"),
    ),
)
IDENTITIES_TABLE = Table(
    IDENTITIES,
    (
        _text("person_id", "the person id of one identifier"),
        _text("profile_id", "the profile that it belonged to at `mapped_at`"),
        _text("mapped_at", "when that was read"),
        _text("cause", "what moved it: an event's place in the log, an operator's act, a backfill"),
    ),
)
TABLES = (EVENTS_TABLE, IDENTITIES_TABLE)
_DAY = _text(DAY, "`2026-11-22`, the day of `timestamp` in UTC: name it in WHERE, and only these days are read and paid for")

_PERSONS = View(
    "persons",
    "whose profile every person id that ever moved belongs to now",
    (
        _text("person_id", "the person id of one identifier"),
        _text("profile_id", "the profile that it belongs to"),
        _text("mapped_at", "since when, at the latest"),
    ),
    """SELECT person_id, max_by(profile_id, mapped_at) AS profile_id, max(mapped_at) AS mapped_at
FROM identities
GROUP BY person_id""",
)
_ALL = ", ".join(column.name for column in EVENTS_TABLE.columns)
_EVENTS_ONCE = View(
    "events_once",
    "every event once, without those of bots; `profile_id` as it landed",
    (*EVENTS_TABLE.columns, _DAY),
    f"""SELECT {_ALL}, day
FROM (
  SELECT *, row_number() OVER (
    PARTITION BY day, source, message_id, split_part(cause, '/', 1)
    ORDER BY received_at, is_stitched DESC, landed_at DESC
  ) AS place
  FROM events
) AS landed
WHERE place = 1 AND NOT is_bot""",  # noqa: S608 - made of names that stand above
)
_OTHERS = ", ".join(f"e.{column.name}" for column in EVENTS_TABLE.columns if column.name != "profile_id")
_EVENTS_OF_PEOPLE = View(
    "events_of_people",
    "every event once, without those of bots; `profile_id` as of now, after all merges and splits",
    (
        *(column for column in EVENTS_TABLE.columns if column.name != "profile_id"),
        _DAY,
        _text("profile_id", "the profile that the event belongs to now"),
    ),
    f"""SELECT {_OTHERS}, e.day,
  CASE WHEN p.mapped_at >= e.landed_at THEN p.profile_id ELSE e.profile_id END AS profile_id
FROM events_once AS e
LEFT JOIN persons AS p ON p.person_id = e.person_id""",  # noqa: S608
)
VIEWS = (_PERSONS, _EVENTS_ONCE, _EVENTS_OF_PEOPLE)
"""Each may use those before it."""

SAVED = (
    SavedQuery(
        "events-by-day",
        "Events and people of the last 30 days, by day and event",
        """SELECT day, event, count(*) AS events, count(DISTINCT profile_id) AS people
FROM events_of_people
WHERE day >= cast(current_date - INTERVAL '30' DAY AS varchar) AND type = 'track'
GROUP BY day, event
ORDER BY day DESC, events DESC""",
    ),
    SavedQuery(
        "orders-by-month",
        "Orders, customers and revenue by month",
        """SELECT substr(day, 1, 7) AS month,
  count(DISTINCT json_extract_scalar(properties, '$.order_id')) AS orders,
  count(DISTINCT profile_id) AS customers,
  round(sum(cast(json_extract_scalar(properties, '$.total') AS double)), 2) AS revenue
FROM events_of_people
WHERE event = 'Order Completed' AND day >= cast(current_date - INTERVAL '365' DAY AS varchar)
GROUP BY 1
ORDER BY 1""",
    ),
    SavedQuery(
        "products-of-orders",
        "What sold in the last 30 days, product by product",
        """SELECT json_extract_scalar(product, '$.product_id') AS product_id,
  sum(cast(json_extract_scalar(product, '$.quantity') AS double)) AS sold
FROM events_once
CROSS JOIN UNNEST(cast(json_extract(properties, '$.products') AS array(json))) AS ordered (product)
WHERE event = 'Order Completed' AND day >= cast(current_date - INTERVAL '30' DAY AS varchar)
GROUP BY 1
ORDER BY sold DESC""",
    ),
    SavedQuery(
        "share-of-bots",
        "How much of each source's traffic bots sent in the last seven days",
        """SELECT source, count(*) AS events, round(100.0 * count_if(is_bot) / count(*), 1) AS percent_of_bots
FROM events
WHERE day >= cast(current_date - INTERVAL '7' DAY AS varchar)
GROUP BY source
ORDER BY events DESC""",
    ),
)
