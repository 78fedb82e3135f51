"""One thing that was looked at: well, amiss, or not to be seen from here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from cirrus_callbacks_plugin.aws.error_codes import error_code
from cirrus_callbacks_plugin.errors import ConfigurationError, PackageError
from cirrus_callbacks_plugin.operations.aws import call_of, is_denied

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

APPLY = "apply the Terraform module again"
"""What to do where a part is not as the module makes it."""


@dataclass(frozen=True, slots=True)
class Check:
    """What was found.

    Attributes:
        area: the part of the system.
        name: what was looked at; stable, for programs.
        ok: True: well, False: amiss, None: it could not be looked at.
        found: what there is, in a sentence.
        do: what to do; None where all is well.
    """

    area: str
    name: str
    ok: bool | None
    found: str
    do: str | None = None

    def to_json(self) -> dict[str, Any]:
        """With stable keys."""
        return {
            "area": self.area,
            "name": self.name,
            "ok": self.ok,
            "found": self.found,
            "do": self.do,
        }


def looked_at(area: str, name: str, look: Callable[[], Iterable[Check]]) -> Iterator[Check]:
    """What a look finds; what AWS refuses makes it unknown, and stops no other look.

    Args:
        area: the part of the system.
        name: what to call the check where it could not be made.
        look: makes the checks.
    """
    try:
        yield from look()
    except ClientError as error:
        call, code = call_of(error), error_code(error)
        do = f"have {call} allowed to you" if is_denied(error) else "try again"
        yield Check(area, name, None, f"{call} was refused ({code})", do)
    except (BotoCoreError, ConfigurationError, PackageError, OSError) as error:
        yield Check(area, name, None, f"it could not be looked at: {error}", "try again")
