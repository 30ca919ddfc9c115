"""The process beside the emulator: clean URLs for the two APIs (the collectors' behind their front), the outbox, the one-second tick.

Started by the local run as ``python -m cli.local.companion CONFIG``; it ends with its process group.
"""

import logging
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import orjson
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from ariane.adapters.aws.parameters import SsmParameters
from ariane.events import openapi as collectors
from ariane.events.front import front_proof
from ariane.profiles import openapi as profiles
from cli.local import environment, processes, proxy
from cli.local.access_log import LINKS, AccessLog, Routes
from cli.local.front import Rewrite, fronted, passing
from cli.local.home import Child, Home, Ports
from cli.local.outbox import Outbox

if TYPE_CHECKING:
    from cli.deployment import Deployment

_TICK_SECONDS = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Duties:
    """The companion's configuration file."""

    emulator_port: int
    collect_port: int
    collect_api: str
    """The HTTP API's id in the emulator."""
    profile_port: int
    profile_api: str
    outbox_port: int
    outbox: str
    access_log: str
    tick_function: str
    link_key_parameter: str
    """Of the deployment's parameter store: the front's proof comes from it."""


def routes(duties: Duties, *, proof: str) -> list[proxy.Route]:
    log = AccessLog(Path(duties.access_log))

    def api_route(name: str, port: int, api: str, rewrite: Rewrite, known: Routes) -> proxy.Route:
        prefix, observe = f"/_aws/execute-api/{api}/$default", log.observer(name, known)
        return proxy.Route(port=port, upstream_port=duties.emulator_port, prefix=prefix, observe=observe, rewrite=rewrite)

    return [
        api_route("collect", duties.collect_port, duties.collect_api, fronted(proof), Routes.of(collectors.openapi_document(""), LINKS)),
        api_route("profile", duties.profile_port, duties.profile_api, passing, Routes.of(profiles.openapi_document())),
        proxy.Route(port=duties.outbox_port, upstream_port=duties.emulator_port, prefix="", observe=Outbox(Path(duties.outbox)).note),
    ]


def tick_for_ever(function: str) -> None:
    """Asks the tick function each second, never while it still runs: each call is waited for."""
    client = boto3.client("lambda", config=Config(read_timeout=60, retries={"total_max_attempts": 1, "mode": "standard"}))
    while True:
        began = time.monotonic()
        try:
            answer = client.invoke(FunctionName=function, Payload=b"{}")
            if "FunctionError" in answer:
                logging.warning("tick failed: %s", answer["Payload"].read().decode(errors="replace")[:500])
        except (BotoCoreError, ClientError) as error:
            logging.warning("tick could not be asked: %s", error)
        time.sleep(max(0.0, _TICK_SECONDS - (time.monotonic() - began)))


def start(home: Home, chosen: Ports, deployment: "Deployment") -> Child:
    """Starts the process, from the side of the run."""
    duties = Duties(
        emulator_port=chosen.emulator,
        collect_port=chosen.collect,
        collect_api=_api_id(deployment.output("CollectApiUrl")),
        profile_port=chosen.profile,
        profile_api=_api_id(deployment.output("ApiUrl")),
        outbox_port=chosen.outbox,
        outbox=str(home.outbox),
        access_log=str(home.log("access")),
        tick_function="ariane-local-tick",
        link_key_parameter="/ariane/local/link-signing-key",
    )
    configuration = home.path / "companion.json"
    configuration.write_bytes(orjson.dumps(asdict(duties)))
    home.outbox.unlink(missing_ok=True)
    home.log("access").unlink(missing_ok=True)
    command = [sys.executable, "-m", "cli.local.companion", str(configuration)]
    return processes.start("companion", command, environment=environment.pointed_at(chosen.endpoint), log=home.log("companion"))


def _api_id(url: str) -> str:
    """An HTTP API's default address begins with its id."""
    return url.removeprefix("https://").removeprefix("http://").partition(".")[0]


def main() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    duties = Duties(**orjson.loads(Path(sys.argv[1]).read_bytes()))
    proof = front_proof(SsmParameters(boto3.client("ssm")).read(duties.link_key_parameter).encode())
    proxy.serve([proxy.listen(route) for route in routes(duties, proof=proof)])
    tick_for_ever(duties.tick_function)


if __name__ == "__main__":
    main()
