"""cirrus-geo 2: a payload is ``SUCCEEDED``, and every output has a URL."""

from __future__ import annotations

from dataclasses import dataclass

from cirrus_callbacks_plugin.cirrus.cirrus_geo import CirrusGeo
from cirrus_callbacks_plugin.cirrus.generations import V2, Generation


@dataclass(slots=True, eq=False, repr=False)
class CirrusGeo2(CirrusGeo):
    """The adapter of cirrus-geo 2.x."""

    generation: Generation = V2

    def output_url(self, payload_id: str, execution_arn: str) -> str | None:
        """As ``PayloadBucket.get_output_payload_url``."""
        from cirrus.lib.errors import UndefinedPayloadBucketError  # noqa: PLC0415
        from cirrus.lib.payload_bucket import PayloadBucket  # noqa: PLC0415

        name = execution_arn.rpartition(":")[2]
        try:
            return str(PayloadBucket.from_env().get_output_payload_url(payload_id, name))
        except UndefinedPayloadBucketError:
            return None
