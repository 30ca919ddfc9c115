"""The local run itself: closed to the network, complete where the emulator's CloudFormation is not, able to say what went wrong."""

from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path

import pytest

from cli import diagnosis
from cli.local import processes
from cli.waiting import wait_for
from tests.e2e.world import World

pytestmark = pytest.mark.e2e

LISTENING = "0A"


def listening_addresses(groups: set[int]) -> Iterator[str]:
    """Where processes of these groups listen, from Linux's own tables (proc_pid_net(5))."""
    members = {pid for pid, entry in processes._table().items() if entry.group in groups}
    sockets = {target for pid in members for target in _links(Path(f"/proc/{pid}/fd"))}
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == LISTENING and f"socket:[{fields[9]}]" in sockets:
                yield _address(fields[1].partition(":")[0])


def _links(folder: Path) -> Iterator[str]:
    for link in folder.iterdir():
        try:
            yield str(link.readlink())
        except OSError:
            continue


def _address(text: str) -> str:
    """Hexadecimal words in the machine's byte order; all that run here are little-endian."""
    words = [bytes.fromhex(text[start : start + 8])[::-1] for start in range(0, len(text), 8)]
    return str(ip_address(b"".join(words)))


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="reads Linux's tables of sockets")
def test_nothing_listens_beyond_this_machine(world: World) -> None:
    run = world.home.run()
    assert run is not None

    addresses = list(listening_addresses({child.pid for child in run.children}))

    assert len(addresses) == 4
    assert set(addresses) == {"127.0.0.1"}


def test_every_work_queue_has_its_dead_letters(world: World) -> None:
    for name in ("journey", "send", "overflow"):
        url = world.deployment.sqs.get_queue_url(QueueName=f"ariane-local-{name}")["QueueUrl"]
        attributes = world.deployment.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        assert f"ariane-local-{name}-dlq" in attributes["RedrivePolicy"]


def test_events_expire(world: World) -> None:
    described = world.deployment.dynamodb.describe_time_to_live(TableName=world.deployment.output("EventsTable"))

    assert described["TimeToLiveDescription"] == {"TimeToLiveStatus": "ENABLED", "AttributeName": "x"}


def test_what_went_wrong_in_a_function_is_found_in_the_logs(world: World) -> None:
    world.deployment.lambdas.invoke(FunctionName="ariane-local-journey", Payload=b'{"not": "a batch"}')

    found = wait_for("the error in the logs", lambda: diagnosis.troubles(world.deployment) or None)

    assert any("batch" in line for line in found)
