"""What ``cdk synth`` and ``cdk deploy`` run, from the root: ``.venv/bin/python app.py``. Needs neither credentials nor Docker."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent


def main() -> None:
    sys.path.insert(0, str(ROOT / "functions"))
    from infra.node import use_bundled_node

    use_bundled_node()
    # jsii starts Node when aws_cdk is imported, and must find the right one by then.
    import aws_cdk as cdk

    from ariane.definitions.problems import BrandInvalid
    from infra.application import compose
    from infra.stage import StageRefused

    app = cdk.App()
    try:
        compose(app, root=ROOT)
    except (StageRefused, BrandInvalid) as refused:
        sys.exit(f"error: {refused}")
    app.synth()


if __name__ == "__main__":
    main()
