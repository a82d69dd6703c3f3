"""Conditions on what a URL answers, and HTTP actions."""

from __future__ import annotations

from architect.kernel.errors import ArchitectError
from architect.runs.connections import expand
from architect.runs.measuring import cannot_tell, of_status
from architect.runs.model import Condition, Truth
from architect.runs.ports import ConditionAsker, Measurement, RunContext, WebClient


class HttpConditions(ConditionAsker):
    """Asks HTTP_STATUS and HTTP_HEALTH conditions."""

    def __init__(self, web: WebClient) -> None:
        self._web = web

    def ask(self, condition: Condition, context: RunContext) -> Measurement:
        """Ask once. Nothing that answers at all is the plain opposite of an answer."""
        try:
            url = expand(condition.subject, {**context.environment, **context.values})
            answer = self._web.send(condition.method, url, environment=context.environment)
        except ArchitectError as error:
            if error.retryable:
                return Measurement(truth=Truth.DOES_NOT, detail=error.message)
            return cannot_tell(error.message, is_settled=True)
        return of_status(condition, answer.status, answer.body.decode("utf-8", "replace"))
