"""The brand stack: the definitions compiled at synth, published by the platform's function, and one entry rule per journey."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import aws_cdk as cdk
from aws_cdk import aws_s3_assets as assets
from constructs import Construct

from ariane.definitions.build import Bundle, build, write
from ariane.journeys.entry_rules import entry_patterns
from infra.bus import queue_rule
from infra.journeys import QUEUE
from infra.mjml import compile_mjml
from infra.stage import Stage


class BrandStack(cdk.Stack):
    """Deployable alone: it reaches the platform's function, bus and queue by name, so no export ties the two together."""

    def __init__(self, scope: Construct, construct_id: str, *, stage: Stage, brand: Path) -> None:
        super().__init__(scope, construct_id, stack_name=construct_id)
        bundle = build(brand, compile_mjml=compile_mjml)
        published = self._publish(stage, bundle)
        for journey, pattern in entry_patterns(bundle).items():
            message = f'{{"kind": "entry", "journey": {json.dumps(journey)}, "fact": <fact>}}'
            rule = queue_rule(self, f"Entry-{journey}", stage=stage, pattern=pattern, queue=QUEUE, message=message)
            # A journey is known to its function before its first entry arrives.
            rule.node.add_dependency(published)

    def _publish(self, stage: Stage, bundle: Bundle) -> cdk.CustomResource:
        """Runs again whenever the bundle's version changes, and only then."""
        with TemporaryDirectory() as folder:
            write(bundle, Path(folder))
            asset = assets.Asset(self, "Bundle", path=folder)
        publisher = f"ariane-{stage.name}-publish"
        return cdk.CustomResource(
            self,
            "Published",
            service_token=self.format_arn(
                service="lambda", resource="function", resource_name=publisher, arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME
            ),
            resource_type="Custom::ArianeDefinitions",
            service_timeout=cdk.Duration.minutes(5),
            properties={"Bucket": asset.s3_bucket_name, "Key": asset.s3_object_key, "Version": bundle.version},
        )
