"""What every adapter asks of the installed cirrus's ``StateDB``."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cirrus_callbacks_plugin.cirrus.generations import Generation


@dataclass(slots=True, eq=False, repr=False)
class StateDBAdapter:
    """The part of an adapter that is the same for every generation but for a module's name.

    Attributes:
        version: the installed version.
        generation: the facts of its generation.
    """

    version: str
    generation: Generation
    statedb_module: ClassVar[str] = "cirrus.lib.statedb"

    def reads_back(self, payload_id: str) -> bool:
        """As ``StateDB.key_to_payload_id``: whether an id survives the way to a key and back."""
        state_db = self._state_db()
        key = state_db.payload_id_to_key(payload_id)
        return bool(state_db.key_to_payload_id(key) == payload_id)

    def state_setters(self) -> tuple[type, Mapping[str, str]]:
        """``StateDB``, and the final state that each of its setters writes, as it is stored."""
        completed = self.generation.completed
        return self._state_db(), {
            f"set_{completed.lower()}": completed,
            "set_failed": "FAILED",
            "set_invalid": "INVALID",
            "set_aborted": "ABORTED",
        }

    def _state_db(self) -> Any:
        return importlib.import_module(self.statedb_module).StateDB
