"""cirrus-geo 1.1 to 1.3: a payload is ``COMPLETED``, and its output has no URL."""

from __future__ import annotations

from dataclasses import dataclass

from cirrus_callbacks_plugin.cirrus.cirrus_geo import CirrusGeo
from cirrus_callbacks_plugin.cirrus.generations import V1, Generation


@dataclass(slots=True, eq=False, repr=False)
class CirrusGeo1(CirrusGeo):
    """The adapter of cirrus-geo 1.x."""

    generation: Generation = V1

    def output_url(self, payload_id: str, execution_arn: str) -> None:
        """It has none: outputs are stored from cirrus-geo 2 on."""
