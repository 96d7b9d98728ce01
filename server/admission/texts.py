"""Admission of texts: each request's are checked before anything is held or written."""

import logging
from collections.abc import Mapping

from imggen.rules.safety import text_refused
from server.domain.ids import UserId
from server.metrics import GatewayMetrics
from server.safety.texts import TextCheck, TextStage
from server.store.store import Statements

_log = logging.getLogger(__name__)


class TextAdmission:
    """Admits the texts of requests, and counts and logs what is refused, without the texts."""

    def __init__(self, check: TextCheck, metrics: GatewayMetrics) -> None:
        self._check = check
        self._metrics = metrics

    async def admit(self, user: UserId, fields: Mapping[str, str], statements: Statements) -> None:
        """Raises InvalidRequest for a text that breaks a rule and that no operator has allowed."""
        checked = await self._check.check(fields, statements.allowed_texts)
        for rule in sorted(checked.allowed):
            _log.info("text allowed", extra={"rule": rule, "user_id": str(user)})
        refused = checked.refused
        if refused is None:
            return
        stage, category, rule = TextStage.ADMISSION, refused.category, refused.rule
        self._metrics.refused_texts.labels(stage, category, rule).inc()
        about = {"stage": stage, "category": category, "rule": rule, "digest": refused.digest}
        _log.warning("text refused", extra={**about, "field": refused.field, "user_id": str(user)})
        raise text_refused(
            refused.field,
            stage=stage,
            category=category,
            rule=rule,
            digest=refused.digest,
            is_joined=refused.is_joined,
        )
