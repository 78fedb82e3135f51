"""How cirrus-geo 1.1 and later read a payload: ``cirrus.lib`` with its ``CirrusPayload``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.cirrus.adapter import identity_of, raising_unacceptable

if TYPE_CHECKING:
    from cirrus_callbacks_plugin.cirrus.adapter import Identity


def extract(record: Any) -> Any:
    """As ``cirrus.lib.utils.extract_record``.

    Raises:
        UnacceptablePayload: cirrus cannot read the record.
    """
    from cirrus.lib.utils import extract_record  # noqa: PLC0415 - cirrus is optional

    with raising_unacceptable("the message cannot be read"):
        return extract_record(record)


def identify(payload: Any) -> Identity:
    """As ``PayloadManager`` does, which wraps and validates a ``CirrusPayload``.

    Raises:
        UnacceptablePayload: cirrus refuses the payload.
    """
    from cirrus.lib.cirrus_payload import CirrusPayload  # noqa: PLC0415

    with raising_unacceptable("cirrus refuses the payload"):
        wrapped = CirrusPayload(payload, set_id_if_missing=True)
        wrapped.validate()
        process = wrapped.process_definition
        return identity_of(wrapped["id"], process.get("replace", False), process["workflow"])
