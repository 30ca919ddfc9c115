"""``ariane demo``: the stack, the day, the thread."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from cli import diagnosis, links
from cli.demo import thread
from cli.demo.play import Play, Stage, playing
from cli.demo.story import Customer, demo_day
from cli.deployment import find_local
from cli.failures import CommandFailed
from cli.local import run as local
from cli.local.commands import stay
from cli.local.home import PROJECT, Home, Stack, default_home
from cli.local.options import DEFAULT_TIME_SCALE, Options
from cli.profile_api import ProfileApi
from cli.report import Progress, out
from cli.waiting import StateMissing

_SUFFIX_LENGTH = 6
_SUFFIX_LETTERS = "0123456789abcdefghijklmnopqrstuvwxyz"


def demo(
    exit_after: Annotated[bool, typer.Option("--exit", help="End after the thread instead of staying up until Ctrl-C.")] = False,
    brand: Annotated[Path, typer.Option(help="The brand's definitions.")] = PROJECT / "brand",
    time_scale: Annotated[float, typer.Option(help="How many times faster the waits of journeys pass.")] = DEFAULT_TIME_SCALE,
) -> None:
    """Start the stack on this machine, play the demo day through real SDKs, show the customer's thread."""
    home, progress = default_home(), Progress()
    was_up = local.is_up(home)
    stack = local.up(home, Options(brand=brand.resolve(), time_scale=time_scale), progress)
    try:
        _play(home, stack, progress)
        if not exit_after:
            stay(home, stack, progress)
    finally:
        if not was_up:
            with progress.step("Ending every process that was started"):
                local.down(home)


def _play(home: Home, stack: Stack, progress: Progress) -> None:
    customer = new_customer()
    with connected(home, stack) as stage, playing(stage, customer) as play:
        try:
            for chapter in demo_day(customer):
                with progress.step(chapter.title):
                    play.perform(chapter)
        except StateMissing as error:
            raise CommandFailed("\n  ".join([str(error), *diagnosis.troubles(find_local(home))])) from error
        show_thread(stage, play)


def new_customer() -> Customer:
    return Customer(suffix="".join(secrets.choice(_SUFFIX_LETTERS) for _ in range(_SUFFIX_LENGTH)))


@contextmanager
def connected(home: Home, stack: Stack) -> Iterator[Stage]:
    deployment = find_local(home)
    signer = links.signer(deployment, public_url=stack.collect_url)
    api = ProfileApi(stack.api_url, stack.api_token)
    try:
        yield Stage(home=home, stack=stack, api=api, sign_link=signer)
    finally:
        api.close()


def show_thread(stage: Stage, play: Play) -> None:
    identifier = f"user_id:{play.customer.user_id}"
    thread.show(
        out,
        profile=stage.api.profile(identifier),
        counter=stage.api.profile(identifier, view="counter", locale="en"),
        timeline=stage.api.timeline(identifier),
        mails=play.mails(),
        ledger=stage.api.messages(identifier),
    )
