"""``ariane identity replay``: what other rules would change about who is one person, and changing it."""

import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import typer

from ariane.errors import Retryable
from ariane.identity.rule_change import RuleChange, compared
from ariane.identity.rule_change_views import view_of
from ariane.identity.rule_differences import change
from ariane.identity.rule_evidence import Stored
from ariane.identity.rule_ports import ReplayState
from ariane.identity.rule_replay import Outcome, RuleReplay
from ariane.identity.rules import Rules
from cli.brand_choice import BrandOption, chosen
from cli.command_options import JsonOption, StageOption
from cli.deployment import find
from cli.event_files import refuse, rules_of
from cli.failures import CommandFailed
from cli.replay_course import ConsoleCourse
from cli.report import err, print_json
from cli.rule_change_tables import show
from cli.rule_events import FileEvents
from cli.rule_stack import RuleStack

_TRIES = 6
_SHOWN = 20
_STOPPED = 130
_OWN_RULES = "--apply makes the stage follow the brand's own rules, in identity.yaml: --events and --rules are for --dry-run"

DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Say what the new rules would change, and change nothing.")]
ApplyOption = Annotated[bool, typer.Option("--apply", help="Publish the brand's rules if need be, then make what is stored follow them.")]
RulesOption = Annotated[Path | None, typer.Option("--rules", metavar="NEW.yaml", help="Instead of the brand's; for a dry run.")]
FromOption = Annotated[
    Path | None, typer.Option("--from", metavar="OLD.yaml", help="The rules of before. Unless said, those that the stage follows.")
]
EventsOption = Annotated[
    Path | None, typer.Option("--events", metavar="EVENTS.jsonl", help="A file in place of the stage's log, for a dry run: needs no stack.")
]
LimitOption = Annotated[
    int | None,
    typer.Option(min=0, help="The longest that a list may be. Unless said 20, and with --json as long as it is.", show_default=False),
]
SkipOption = Annotated[bool, typer.Option("--skip-invalid", help="Leave bad lines of --events out, and say how many there were.")]
TakeOverOption = Annotated[
    bool, typer.Option("--take-over", help="Go on although another process seems to be at work: it stops at its next step.")
]
RateOption = Annotated[int | None, typer.Option(min=1, help="Events read, people renewed or partitions folded in a second, at most.")]
SettleOption = Annotated[
    int | None, typer.Option(min=0, help="Seconds to wait after publishing, until every function has the new rules.", show_default=False)
]
YesOption = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


def replay(
    dry_run: DryRunOption = False,
    apply: ApplyOption = False,
    rules: RulesOption = None,
    before: FromOption = None,
    events: EventsOption = None,
    brand: BrandOption = None,
    limit: LimitOption = None,
    skip_invalid: SkipOption = False,
    rate: RateOption = None,
    settle: SettleOption = None,
    yes: YesOption = False,
    take_over: TakeOverOption = False,
    stage: StageOption = None,
    as_json: JsonOption = False,
) -> None:
    """What changed identity rules do to the people who are known: --dry-run tells, --apply does it. Sends nothing to anybody.

    --apply may be stopped at any time: the same command goes on.
    """
    wish = _Wish(
        rules=rules,
        before=before,
        events=events,
        brand=chosen(brand),
        limit=_SHOWN if limit is None and not as_json else limit,
        skip_invalid=skip_invalid,
        take_over=take_over,
        as_json=as_json,
        course=ConsoleCourse(rate=rate),
    )
    wish.check(dry_run=dry_run, apply=apply)
    try:
        if apply:
            _apply(RuleStack(find(stage)), wish, is_asked=not yes, settle=settle)
        else:
            _tell(_of_stage(RuleStack(find(stage)), wish) if events is None else _of_file(events, wish, stage), wish)
    except KeyboardInterrupt:
        err.print("Stopped." if dry_run else "Stopped. Nothing is lost: the same command goes on.")
        raise SystemExit(_STOPPED) from None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wish:
    rules: Path | None
    before: Path | None
    events: Path | None
    brand: Path
    limit: int | None
    skip_invalid: bool
    take_over: bool
    as_json: bool
    course: ConsoleCourse

    def check(self, *, dry_run: bool, apply: bool) -> None:
        """Raises CommandFailed."""
        for is_wrong, why in (
            (dry_run == apply, "say either --dry-run or --apply"),
            (apply and (self.events is not None or self.rules is not None), _OWN_RULES),
            (self.skip_invalid and self.events is None, "--skip-invalid is for the lines of --events"),
            (self.take_over and not apply, "--take-over is for --apply: a dry run is in nobody's way"),
        ):
            if is_wrong:
                raise CommandFailed(why)

    def new_rules(self, published: Mapping[str, Any] | None) -> Rules:
        """A file of rules alone has no countries: the sources keep theirs."""
        if self.rules is None:
            return rules_of(None, self.brand)
        found = rules_of(self.rules, None)
        countries = (published or {}).get("countries", {})
        return found if found.countries else replace(found, countries=countries)

    def old_rules(self) -> Rules | None:
        return None if self.before is None else rules_of(self.before, None)


# dry runs


def _of_file(path: Path, wish: _Wish, stage: str | None) -> RuleChange:
    if str(path) == "-":
        raise CommandFailed("--events is read twice: it takes a file, not standard input")
    published = None if wish.before is not None else RuleStack(find(stage)).published()
    after = wish.new_rules(published)
    before = wish.old_rules() or Rules.from_document(published)
    if not before.countries:
        before = replace(before, countries=after.countries)
    events = FileEvents(path, before=before, after=after)
    found = compared(events, before=before, after=after, stored=Stored())
    if events.rejected and not wish.skip_invalid:
        refuse(path, events.rejected)
    if events.rejected:
        lines = "line" if len(events.rejected) == 1 else "lines"
        err.print(
            f"Left out: {len(events.rejected):,} {lines} that cannot be taken in (`ariane identity resolve --skip-invalid` lists them)."
        )
    return change(events, found)


def _of_stage(stack: RuleStack, wish: _Wish) -> RuleChange:
    published = stack.published()
    before = wish.old_rules() or Rules.from_document(stack.states.applied() or published)
    found, _ = stack.replay(wish.course).forecast(before, wish.new_rules(published))
    wish.course.end()
    return found


def _tell(found: RuleChange, wish: _Wish) -> None:
    view = view_of(found, limit=wish.limit)
    if wish.as_json:
        print_json(view)
    else:
        show(view)


# applying


def _apply(stack: RuleStack, wish: _Wish, *, is_asked: bool, settle: int | None) -> None:
    stack.replay(wish.course, is_taking_over=wish.take_over).expect_free()
    state = _under_way(stack, wish)
    if state is None:
        state = _begun(stack, wish, is_asked=is_asked, settle=settle)
    else:
        err.print(f"Going on with the change of rules that was begun at {state.began_at:%Y-%m-%d %H:%M} UTC.")
    outcome = _carried_out(stack.replay(wish.course, is_taking_over=wish.take_over), state)
    wish.course.end()
    _report(outcome, wish, state)


def _under_way(stack: RuleStack, wish: _Wish) -> ReplayState | None:
    """Begun and not ended, of the very rules that are published and that the brand's files hold."""
    published = stack.published()
    if published != stack.document_of(wish.brand):
        return None
    state = stack.states.latest()
    return state if state is not None and state.ended_at is None and state.after == published else None


def _begun(stack: RuleStack, wish: _Wish, *, is_asked: bool, settle: int | None) -> ReplayState:
    published, wanted = stack.published(), stack.document_of(wish.brand)
    is_new = published != wanted
    followed = stack.states.applied() or (published if is_new else None)
    before = wish.old_rules() or (None if followed is None else Rules.from_document(followed))
    if is_asked:
        _ask(_forecast(stack, wish, before, wanted)[0])
    if is_new:
        if stack.states.applied() is None:
            stack.states.save_applied(published)
        stack.publish(wish.brand, settle=settle)
    # After publishing: until then events come in whose person the old rules name.
    _, partitions = _forecast(stack, wish, before, wanted)
    return stack.replay(wish.course, is_taking_over=wish.take_over).begin(followed or wanted, wanted, partitions)


def _forecast(stack: RuleStack, wish: _Wish, before: Rules | None, wanted: Mapping[str, Any]) -> tuple[RuleChange, Sequence[str]]:
    found = stack.replay(wish.course).forecast(before, Rules.from_document(wanted))
    wish.course.end()
    return found


def _ask(found: RuleChange) -> None:
    show(view_of(found, limit=0), console=err)
    err.print("Publish these rules where need be, and change what is stored? [y/N] ", end="", markup=False)
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise CommandFailed("nothing was changed")


def _carried_out(replaying: RuleReplay, state: ReplayState) -> Outcome:
    """A stage that asks for patience gets it; what was done stays done."""
    for attempt in range(_TRIES):
        try:
            return replaying.run(state)
        except Retryable as error:
            if attempt == _TRIES - 1:
                raise
            err.print(f"{error}; once more in {2**attempt} s")
            time.sleep(2**attempt)
    raise AssertionError("unreachable")


def _report(outcome: Outcome, wish: _Wish, state: ReplayState) -> None:
    result = {"rules": state.digest, "renewed": outcome.renewed, "refolded": outcome.refolded, "rounds": outcome.rounds}
    if wish.as_json:
        print_json({**result, "settled": outcome.is_settled})
    else:
        print(f"Done. Groups of people brought in line: {outcome.renewed:,}; ids whose events were folded again: {outcome.refolded:,}.")
    if not outcome.is_settled:
        raise CommandFailed("other changes kept coming: run it again, when there is less traffic or with a higher --rate")
