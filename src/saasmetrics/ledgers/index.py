"""Every metric type, in reading order."""

from __future__ import annotations

from collections.abc import Mapping

from saasmetrics.ledgers.active import Active
from saasmetrics.ledgers.attribution import Attribution
from saasmetrics.ledgers.conversion import Conversion
from saasmetrics.ledgers.cumulative import Cumulative
from saasmetrics.ledgers.derived import Derived
from saasmetrics.ledgers.duration import Duration
from saasmetrics.ledgers.impact import Impact
from saasmetrics.ledgers.lift import Lift
from saasmetrics.ledgers.metric_type import MetricType
from saasmetrics.ledgers.movement import Movement
from saasmetrics.ledgers.net_retention import NetRetention
from saasmetrics.ledgers.ratio import Ratio
from saasmetrics.ledgers.retention import Retention
from saasmetrics.ledgers.score import Score
from saasmetrics.ledgers.sessions import Sessions
from saasmetrics.ledgers.simple import Simple
from saasmetrics.ledgers.stock import Stock
from saasmetrics.ledgers.tiers import Tiers

REGISTRY: Mapping[str, type[MetricType]] = {
    "simple": Simple,
    "stock": Stock,
    "movement": Movement,
    "net_retention": NetRetention,
    "active": Active,
    "conversion": Conversion,
    "duration": Duration,
    "retention": Retention,
    "tiers": Tiers,
    "sessions": Sessions,
    "score": Score,
    "lift": Lift,
    "attribution": Attribution,
    "impact": Impact,
    "ratio": Ratio,
    "derived": Derived,
    "cumulative": Cumulative,
}
