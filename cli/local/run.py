"""Up and down: the emulator, the CDK app deployed into it, keys, the companion. Used by ``up``, the demo and the end-to-end tests."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from cli.deployment import Deployment, local_session
from cli.failures import CommandFailed
from cli.local import companion, completing, emulator, ports, processes, seeding, templates
from cli.local.home import REGION, Child, Home, Ports, Run, Stack
from cli.local.options import Options
from cli.report import Progress

_POLL_SECONDS = 0.05
_PATIENCE_SECONDS = 30.0


def up(home: Home, options: Options, progress: Progress) -> Stack:
    """Idempotent: an intact run is returned as it is, the rest of a broken one ended first. If it fails, nothing stays running."""
    if is_up(home) and (stack := home.stack()) is not None:
        return stack
    down(home)
    try:
        return _start(home, options, progress)
    except BaseException:
        down(home)
        raise


def is_up(home: Home) -> bool:
    run = home.run()
    return run is not None and not missing(run) and home.stack() is not None


def missing(run: Run) -> list[str]:
    """Names of the children that do not run any more."""
    return [child.name for child in run.children if not processes.is_running(child)]


def down(home: Home) -> bool:
    """Ends every process of the run and what those started. False when there was none. Raises CommandFailed if one cannot be ended."""
    run = home.run()
    if run is None:
        return False
    for child in reversed(run.children):
        try:
            processes.stop(child)
        except TimeoutError as error:
            raise CommandFailed(str(error)) from error
    home.forget()
    return True


@contextmanager
def running(home: Home, options: Options, progress: Progress) -> Iterator[Stack]:
    """Up, and down again whatever happens."""
    try:
        yield up(home, options, progress)
    finally:
        with progress.step("Ending what was started"):
            down(home)


def _start(home: Home, options: Options, progress: Progress) -> Stack:
    chosen = _pick_ports(options)
    with templates.synthesising(home, options, chosen) as synth:
        with progress.step("Starting the AWS emulator"):
            child = emulator.start(home, port=chosen.emulator, outbox_port=chosen.outbox)
            home.write_run(Run(ports=chosen, time_scale=options.time_scale, children=(child,)))
            emulator.await_health(home, child, chosen.endpoint)
        with progress.step("Preparing the emulated account (cdk bootstrap)"):
            templates.bootstrap(home, chosen)
        with progress.step("Writing the templates (cdk synth, begun with the emulator)"):
            synth.finish()
    with progress.step("Deploying the platform and the brand (cdk deploy --all)"):
        templates.deploy(home, chosen)
    return _equip(home, options, chosen, child, progress)


def _equip(home: Home, options: Options, chosen: Ports, child: Child, progress: Progress) -> Stack:
    deployment = Deployment(stage="local", open_session=lambda: local_session(chosen.endpoint), endpoint=chosen.endpoint, home=home)
    with progress.step("Making write keys, an API token and the sender's identity"):
        completing.complete(deployment, templates.assembly(home))
        seeding.verify_sender(deployment, options.brand)
        stack = Stack(
            collect_url=chosen.collect_url,
            api_url=chosen.api_url,
            write_keys=seeding.make_write_keys(deployment, options.brand),
            api_token=seeding.make_api_token(deployment),
            region=REGION,
        )
    with progress.step("Starting the front and the ticker"):
        beside = companion.start(home, chosen, deployment)
        home.write_run(Run(ports=chosen, time_scale=options.time_scale, children=(child, beside)))
        _await_front(home, beside, stack)
    home.write_stack(stack)
    return stack


def _pick_ports(options: Options) -> Ports:
    wanted = ports.PREFERRED if options.uses_preferred_ports else (None,) * 4
    emulator_port, collect, profile, outbox = ports.pick(wanted)
    return Ports(emulator=emulator_port, collect=collect, profile=profile, outbox=outbox)


def _await_front(home: Home, beside: Child, stack: Stack) -> None:
    """Until the collector answers a known key through the front: from then on an event can be sent."""
    url = f"{stack.collect_url}/v1/projects/{stack.write_keys['browser']}/settings"
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while (status := _status(url)) != 200:
        if not processes.is_running(beside):
            raise CommandFailed(f"the front ended while it started; {home.log('companion')} says:\n{emulator.tail(home, 'companion')}")
        if time.monotonic() > deadline:
            raise CommandFailed(f"the collector does not answer at {url} (last: {status}); see {home.log('emulator')}")
        time.sleep(_POLL_SECONDS)


def _status(url: str) -> int | str:
    try:
        return httpx.get(url, timeout=30).status_code
    except httpx.TransportError as error:
        return type(error).__name__
