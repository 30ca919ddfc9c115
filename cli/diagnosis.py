"""What the functions' logs and dead-letter queues hold when something did not come."""

import time

from cli.deployment import Deployment

_SIGNS = ("ERROR", "Error:", "Error(", "Exception", "Task timed out", "WARNING")
_MOST = 12
_LONGEST = 400


def troubles(deployment: Deployment, *, since_seconds: float = 600) -> list[str]:
    """Queues of dead letters that hold some, then the last log lines that look like trouble, the newest last, each with its log group."""
    found: list[tuple[int, str]] = []
    for group in _groups(deployment):
        start = int((time.time() - since_seconds) * 1000)
        for event in deployment.logs.filter_log_events(logGroupName=group, startTime=start)["events"]:
            message = event["message"].strip()
            if any(sign in message for sign in _SIGNS):
                found.append((event["timestamp"], f"{group.rpartition('/')[2]}: {message[:_LONGEST]}"))
    return [*_dead_letters(deployment), *(line for _, line in sorted(found)[-_MOST:])]


def _dead_letters(deployment: Deployment) -> list[str]:
    depths = {}
    for url in deployment.sqs.list_queues(QueueNamePrefix=f"ariane-{deployment.stage}-").get("QueueUrls", []):
        attributes = deployment.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])["Attributes"]
        depths[url.rpartition("/")[2]] = int(attributes["ApproximateNumberOfMessages"])
    return [f"{name}: {depth} dead letter(s)" for name, depth in depths.items() if name.endswith("-dlq") and depth]


def _groups(deployment: Deployment) -> list[str]:
    pages = deployment.logs.get_paginator("describe_log_groups").paginate()
    return [group["logGroupName"] for page in pages for group in page["logGroups"]]
