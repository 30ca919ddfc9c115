"""What a local run remembers between commands."""

from pathlib import Path

from cli.local.home import Child, Home, Ports, Run, Stack

STACK = Stack(collect_url="http://c", api_url="http://a", write_keys={"browser": "wk_1"}, api_token="tok_1", region="eu-west-3")
RUN = Run(ports=Ports(emulator=1, collect=2, profile=3, outbox=4), time_scale=240.0, children=(Child(name="emulator", pid=7, birth="8"),))


def test_nothing_is_remembered_before_the_first_run(tmp_path: Path) -> None:
    assert (Home(tmp_path).stack(), Home(tmp_path).run()) == (None, None)


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    home = Home(tmp_path / "new")
    home.write_stack(STACK)
    home.write_run(RUN)

    assert (home.stack(), home.run()) == (STACK, RUN)


def test_the_keys_are_readable_by_their_owner_alone(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.write_stack(STACK)
    home.write_stack(STACK)

    assert (tmp_path / "stack.json").stat().st_mode & 0o777 == 0o600


def test_what_is_forgotten_is_gone(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.write_stack(STACK)
    home.write_run(RUN)
    home.forget()

    assert list(tmp_path.iterdir()) == []
