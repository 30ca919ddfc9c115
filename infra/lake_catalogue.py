"""What Athena reads the lake with: database, tables by day, views, a workgroup with a limit, saved queries, and who may read. At rest all
of it is free."""

import base64
import json

import aws_cdk as cdk
from aws_cdk import aws_athena as athena
from aws_cdk import aws_glue as glue
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from constructs import Construct

from ariane.lake.columns import DATABASE, DAY, FIRST_DAY, SAVED, TABLES, VIEWS, Column, Table, View
from infra.checks import acknowledge, as_printed
from infra.stage import Stage
from infra.stores import bucket

RESULTS_KEPT = cdk.Duration.days(7)
_GIGABYTE = 1_000_000_000


class LakeCatalogue(Construct):
    """Names alone in the local run: the emulator's CloudFormation knows neither Glue nor Athena, and the CLI reads the same objects."""

    def __init__(self, scope: Construct, construct_id: str, *, stage: Stage, lake: s3.Bucket) -> None:
        super().__init__(scope, construct_id)
        self._stage = stage
        self._lake = lake
        self.database = f"{DATABASE}_{stage.name}"
        self.workgroup = f"ariane-{stage.name}"
        if not stage.on_this_machine:
            results = bucket(self, "Results", stage=stage, expires_after=RESULTS_KEPT)
            self._add_tables()
            self._add_workgroup(results)
            self._add_reader(results)

    # what there is to read

    def _add_tables(self) -> None:
        database = glue.CfnDatabase(
            self,
            "Database",
            catalog_id=cdk.Stack.of(self).account,
            database_input=glue.CfnDatabase.DatabaseInputProperty(name=self.database, description="Every event that Ariane took in"),
        )
        for name, given in (
            *((each.name, self._table_input(each)) for each in TABLES),
            *((each.name, self._view_input(each)) for each in VIEWS),
        ):
            made = glue.CfnTable(
                self, f"Table-{name}", catalog_id=cdk.Stack.of(self).account, database_name=self.database, table_input=given
            )
            made.add_dependency(database)

    def _table_input(self, table: Table) -> glue.CfnTable.TableInputProperty:
        """By day, which Athena computes from the query: no crawler, and no partition to add."""
        place = f"s3://{self._lake.bucket_name}/{table.name}/"
        return glue.CfnTable.TableInputProperty(
            name=table.name,
            table_type="EXTERNAL_TABLE",
            partition_keys=[glue.CfnTable.ColumnProperty(name=DAY, type="string")],
            parameters={
                "classification": "json",
                "compressionType": "gzip",
                "projection.enabled": "true",
                f"projection.{DAY}.type": "date",
                f"projection.{DAY}.format": "yyyy-MM-dd",
                f"projection.{DAY}.range": f"{FIRST_DAY},NOW+1DAYS",
                "storage.location.template": f"{place}{DAY}=${{{DAY}}}",
            },
            storage_descriptor=glue.CfnTable.StorageDescriptorProperty(
                location=place,
                columns=_columns(table.columns),
                input_format="org.apache.hadoop.mapred.TextInputFormat",
                output_format="org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
                serde_info=glue.CfnTable.SerdeInfoProperty(serialization_library="org.openx.data.jsonserde.JsonSerDe"),
            ),
        )

    def _view_input(self, view: View) -> glue.CfnTable.TableInputProperty:
        """As Athena stores a view: Trino's definition, encoded."""
        columns = [{"name": column.name, "type": column.in_a_view} for column in view.columns]
        definition = {"originalSql": view.sql, "catalog": "awsdatacatalog", "schema": self.database, "columns": columns}
        encoded = base64.b64encode(json.dumps(definition).encode()).decode()
        return glue.CfnTable.TableInputProperty(
            name=view.name,
            description=view.what,
            table_type="VIRTUAL_VIEW",
            parameters={"presto_view": "true", "comment": "Presto View"},
            partition_keys=[],
            view_original_text=f"/* Presto View: {encoded} */",
            view_expanded_text="/* Presto View */",
            storage_descriptor=glue.CfnTable.StorageDescriptorProperty(
                columns=_columns(view.columns), serde_info=glue.CfnTable.SerdeInfoProperty()
            ),
        )

    # who reads it, and how much

    def _add_workgroup(self, results: s3.Bucket) -> None:
        """A query that would read more than the stage allows is stopped; nobody's own settings can change that."""
        group = athena.CfnWorkGroup(
            self,
            "Workgroup",
            name=self.workgroup,
            description="Queries of Ariane's lake",
            recursive_delete_option=not self._stage.retains,
            work_group_configuration=athena.CfnWorkGroup.WorkGroupConfigurationProperty(
                bytes_scanned_cutoff_per_query=self._stage.query_gigabytes * _GIGABYTE,
                enforce_work_group_configuration=True,
                publish_cloud_watch_metrics_enabled=False,
                result_configuration=athena.CfnWorkGroup.ResultConfigurationProperty(
                    output_location=f"s3://{results.bucket_name}/",
                    encryption_configuration=athena.CfnWorkGroup.EncryptionConfigurationProperty(encryption_option="SSE_S3"),
                ),
            ),
        )
        for saved in SAVED:
            query = athena.CfnNamedQuery(
                self,
                f"Query-{saved.name}",
                name=saved.name,
                description=saved.what,
                database=self.database,
                query_string=saved.sql,
                work_group=self.workgroup,
            )
            query.add_dependency(group)

    def _add_reader(self, results: s3.Bucket) -> None:
        """To be attached to whoever asks: it reads the lake and writes results, and nothing else."""
        stack = cdk.Stack.of(self)
        group = stack.format_arn(service="athena", resource="workgroup", resource_name=self.workgroup)
        catalog = [stack.format_arn(service="glue", resource="catalog")]
        catalog += [
            stack.format_arn(service="glue", resource=kind, resource_name=name)
            for kind, name in (("database", self.database), ("table", f"{self.database}/*"))
        ]
        asking = [f"athena:{verb}" for verb in ("StartQueryExecution", "StopQueryExecution", "GetQueryExecution", "GetQueryResults")]
        saved = ["athena:GetWorkGroup", "athena:ListNamedQueries", "athena:GetNamedQuery"]
        reading = [f"glue:Get{what}" for what in ("Database", "Databases", "Table", "Tables", "Partition", "Partitions")]
        places = ["s3:GetBucketLocation", "s3:ListBucket"]
        made = iam.ManagedPolicy(
            self,
            "Reader",
            managed_policy_name=f"{self.workgroup}-lake-reader",
            description="Asks Ariane's lake with SQL",
            statements=[
                iam.PolicyStatement(actions=[*asking, *saved], resources=[group]),
                iam.PolicyStatement(actions=reading, resources=catalog),
                iam.PolicyStatement(actions=places, resources=[self._lake.bucket_arn, results.bucket_arn]),
                iam.PolicyStatement(actions=["s3:GetObject"], resources=[self._lake.arn_for_objects("*")]),
                iam.PolicyStatement(
                    actions=["s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload"], resources=[results.arn_for_objects("*")]
                ),
            ],
        )
        stars = {
            catalog[-1]: "Every table and view of the lake's own database.",
            self._lake.arn_for_objects("*"): "Every object of the lake.",
            results.arn_for_objects("*"): "Athena names the results of queries.",
        }
        acknowledge(made, {f"AwsSolutions-IAM5[Resource::{as_printed(stack, each)}]": why for each, why in stars.items()})


def _columns(columns: tuple[Column, ...]) -> list[glue.CfnTable.ColumnProperty]:
    return [glue.CfnTable.ColumnProperty(name=each.name, type=each.kind) for each in columns]
