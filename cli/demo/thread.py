"""The customer's thread, set for a terminal: who she is, what she did where, what was said to her."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from babel.numbers import format_currency
from rich.console import Console, Group
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from cli.counter import counter_lines
from cli.lookups import consent_text, with_since
from cli.mailbox import Mail

_CHANNELS = {"browser": "web", "app": "app", "server": "back end", "store": "store", "import": "import"}
_EXCERPT = 160


def show(
    console: Console,
    *,
    profile: Mapping[str, Any],
    counter: Mapping[str, Any],
    timeline: Sequence[Mapping[str, Any]],
    mails: Sequence[Mail],
    ledger: Sequence[Mapping[str, Any]],
) -> None:
    console.print()
    console.print(Panel(_person(profile), title="One profile", title_align="left", border_style="cyan"))
    console.print(Panel(_timeline(timeline), title="Its timeline, over all channels", title_align="left", border_style="cyan"))
    console.print(Panel(_counter(counter), title="What the assistant in the store is shown", title_align="left", border_style="cyan"))
    console.print(Panel(_mails(mails, ledger), title="What lies in the emulator's mailboxes", title_align="left", border_style="cyan"))


def _person(profile: Mapping[str, Any]) -> Group:
    facts = Table.grid(padding=(0, 2))
    facts.add_row("[bold]id[/bold]", escape(str(profile["id"])))
    for identifier in profile["identifiers"]:
        facts.add_row(f"[cyan]{escape(identifier['type'])}[/cyan]", escape(identifier["value"]))
    for name, value in profile["traits"].items():
        facts.add_row(f"[dim]{escape(name)}[/dim]", escape(_plain(value)))
    facts.add_row("[magenta]life cycle[/magenta]", with_since(profile["lifecycle"], profile["lifecycle_since"]))
    for segment in profile["segments"]:
        facts.add_row("[magenta]segment[/magenta]", with_since(segment["name"], segment["since"]))
    for consent in profile.get("consents", []):
        facts.add_row("[dim]consent[/dim]", escape(consent_text(consent)))
    return Group(facts)


def _counter(counter: Mapping[str, Any]) -> Text:
    return Text("\n".join(counter_lines(counter)))


def _plain(value: object) -> str:
    return ", ".join(str(part) for part in value.values()) if isinstance(value, Mapping) else str(value)


def _timeline(timeline: Sequence[Mapping[str, Any]]) -> Table:
    table = Table(box=None, header_style="dim", padding=(0, 2))
    for column in ("at", "channel", "event", "with"):
        table.add_column(column, overflow="fold")
    oldest_first = timeline[::-1]
    for entry in sorted(oldest_first, key=lambda each: str(each["timestamp"])):
        name = entry["event"] or ""
        label = name if entry["type"] == "track" else f"{entry['type']} {name}".strip()
        table.add_row(str(entry["timestamp"])[11:19], _channel(entry), f"[bold]{escape(label)}[/bold]", escape(_detail(entry)))
    return table


def _channel(entry: Mapping[str, Any]) -> str:
    kind = str(entry.get("kind", ""))
    return _CHANNELS.get(kind, kind)


def _detail(entry: Mapping[str, Any]) -> str:
    properties = entry.get("properties") or {}
    before, after = ("name", "topic", "order_id"), ("store", "card_id", "lookbook", "placement", "journey")
    campaign = (entry.get("context") or {}).get("campaign") or {}
    values = [campaign.get("source"), *map(properties.get, before), _money(properties), *map(properties.get, after)]
    return ", ".join(str(value) for value in values if value is not None)


def _money(properties: Mapping[str, Any]) -> str | None:
    total = properties.get("total")
    if not isinstance(total, int | float):
        return None
    return str(format_currency(Decimal(str(total)), properties.get("currency") or "EUR", locale="fr_FR"))


def _mails(mails: Sequence[Mail], ledger: Sequence[Mapping[str, Any]]) -> Group:
    parts: list[Text] = []
    for mail in mails:
        parts.append(Text.assemble((f"{mail.channel.upper()}  ", "bold magenta"), f"to {mail.to}"))
        if mail.subject:
            parts.append(Text(f"  {mail.subject}", style="bold"))
        parts.append(Text(f"  {_excerpt(mail.text)}\n"))
    kept_back = [entry for entry in ledger if str(entry.get("status", "")).startswith("skipped")]
    parts += [Text(f"not sent: {entry['template']} by {entry['channel']}: {entry.get('reason')}", style="yellow") for entry in kept_back]
    return Group(*parts)


def _excerpt(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _EXCERPT else line[: _EXCERPT - 1] + "…"
