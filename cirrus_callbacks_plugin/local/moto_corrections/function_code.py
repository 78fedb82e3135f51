"""A function's code can be fetched from where Lambda says that it is."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cirrus_callbacks_plugin.local.moto_corrections.patches import Patches


def lead_to_the_code(patches: Patches) -> None:
    """GetFunction names a place on this server, for code that was taken from its S3.

    moto names a host of AWS's, where nothing is. Without a server nothing changes.
    """
    from moto.awslambda.models import LambdaFunction

    original = LambdaFunction.get_code

    def get_code(self: Any) -> dict[str, Any]:
        answer: dict[str, Any] = original(self)
        port = os.environ.get("MOTO_PORT")
        if port and "S3Key" in self.code and "S3Bucket" in self.code:
            place = f"{self.code['S3Bucket']}/{self.code['S3Key']}"
            answer["Code"]["Location"] = f"http://127.0.0.1:{port}/{place}"
        return answer

    patches.set(LambdaFunction, "get_code", get_code)
