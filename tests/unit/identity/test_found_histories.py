"""Histories in which what is stored was once otherwise than the reference says, as they were found, made small."""

from ariane.identity.model import Side
from tests.unit.identity.test_state_machine import IdentityMachine


def test_a_split_of_more_than_the_bound_is_lifted_with_all_whom_it_kept_apart() -> None:
    """Its cluster has fewer assertions than it has identifiers, and contacts are hubs by then: only the split names the other account."""
    machine = IdentityMachine()
    machine.begin(document=0, bound=3, refolds=None)
    traits = {"email": "e1@b.fr", "phone": "+33612345601", "loyalty_card": "c1"}
    said = {"type": "alias", "userId": "u2", "previousId": "u1", "context": {"traits": traits}}
    machine.says(copies=1, is_held=False, message=said, minute=0, source="history")
    machine.unmerges(draw=0, side=Side.RIGHT)
    machine.changes_rules(number=1)
    machine.lifts(draw=0)
    machine.teardown()
