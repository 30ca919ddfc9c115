"""The tracking plan over an import: as for a request of each event alone."""

from ariane.events.tracking_plan import Check, TrackingPlan


class PlanOfEach(TrackingPlan):
    """A chunk is no request: whoever may import cannot be kept from making the function work."""

    def __init__(self, plan: TrackingPlan) -> None:
        self._plan = plan

    def of_request(self) -> Check:
        return lambda message: self._plan.of_request()(message)
