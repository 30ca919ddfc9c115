"""A monthly budget that writes an e-mail: the last line against a bill that nobody expected."""

from aws_cdk import aws_budgets as budgets
from constructs import Construct

from infra.stage import Stage

type Notification = budgets.CfnBudget.NotificationWithSubscribersProperty
THRESHOLDS = (("ACTUAL", 80), ("ACTUAL", 100), ("FORECASTED", 100))
"""Per cent of the budget, spent or to be expected by the month's end."""


def add_budget(scope: Construct, *, stage: Stage) -> None:
    """Of the whole account: a tag's costs are known to AWS only once somebody activates it for billing. None without an amount."""
    if not stage.monthly_budget_usd:
        return
    budgets.CfnBudget(
        scope,
        "Budget",
        budget=budgets.CfnBudget.BudgetDataProperty(
            budget_name=f"ariane-{stage.name}",
            budget_type="COST",
            time_unit="MONTHLY",
            budget_limit=budgets.CfnBudget.SpendProperty(amount=stage.monthly_budget_usd, unit="USD"),
        ),
        notifications_with_subscribers=[_notification(kind, percent, stage.budget_email) for kind, percent in THRESHOLDS],
    )


def _notification(kind: str, percent: int, email: str) -> Notification:
    return budgets.CfnBudget.NotificationWithSubscribersProperty(
        notification=budgets.CfnBudget.NotificationProperty(
            notification_type=kind, comparison_operator="GREATER_THAN", threshold=percent, threshold_type="PERCENTAGE"
        ),
        subscribers=[budgets.CfnBudget.SubscriberProperty(subscription_type="EMAIL", address=email)],
    )
