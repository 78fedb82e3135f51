"""Operations of AWS's APIs, and the names of their parameters, as botocore describes them."""

from __future__ import annotations

import difflib
import functools
from typing import TYPE_CHECKING, Any

import botocore
import botocore.exceptions
import botocore.model
import botocore.session

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

BOTO_NAMES = {"eventbridge": "events", "sfn": "stepfunctions", "states": "stepfunctions"}
"""What botocore calls a service that Step Functions calls otherwise."""
_OTHER_NAMES = {"nul": "NULL"}
"""Names that the SDK for Java, and so Step Functions, spells in its own way."""


def operation(service: str, action: str) -> botocore.model.OperationModel | None:
    """An operation of an AWS API; None where botocore does not know it.

    Args:
        service: the service's name in a resource: ``sfn``.
        action: the operation's name there: ``startExecution``.
    """
    name = action[:1].upper() + action[1:]
    if action == name:
        return None
    return _operation(BOTO_NAMES.get(service, service), name)


def near_action(service: str, action: str) -> str | None:
    """The operation of a service whose name is nearest to one that there is not."""
    names = [f"{name[:1].lower()}{name[1:]}" for name in _names(BOTO_NAMES.get(service, service))]
    return next(iter(difflib.get_close_matches(action, names, 1)), None)


def unknown_parameters(
    shape: Any, value: Any, where: str = ""
) -> Iterator[tuple[str, Iterable[str]]]:
    """The parameters in a template that an operation does not take, each with those it takes.

    Names are in PascalCase, whatever the API's own are; ``.$`` may end them.

    Args:
        shape: what the operation takes.
        value: the template; texts that may be expressions are passed over.
        where: where the template stands within the parameters.
    """
    if isinstance(shape, botocore.model.StructureShape) and isinstance(value, dict):
        known = {name.casefold(): (name, each) for name, each in shape.members.items()}
        for key, each in value.items():
            name = key.removesuffix(".$")
            plain = name.casefold()
            parameter = known.get(_OTHER_NAMES.get(plain, plain).casefold())
            if parameter is None or not name[:1].isupper():
                yield f"{where}{name}", [each[:1].upper() + each[1:] for each in shape.members]
            elif name == key:
                yield from unknown_parameters(parameter[1], each, f"{where}{name}/")
    elif isinstance(shape, botocore.model.ListShape) and isinstance(value, list):
        for each in value:
            yield from unknown_parameters(shape.member, each, where)
    elif isinstance(shape, botocore.model.MapShape) and isinstance(value, dict):
        for key, each in value.items():
            yield from unknown_parameters(shape.value, each, f"{where}{key}/")


@functools.cache
def _operation(service: str, name: str) -> botocore.model.OperationModel | None:
    return _model(service).operation_model(name) if name in _names(service) else None


@functools.cache
def _names(service: str) -> tuple[str, ...]:
    try:
        return tuple(_model(service).operation_names)
    except botocore.exceptions.UnknownServiceError:
        return ()


@functools.cache
def _model(service: str) -> botocore.model.ServiceModel:
    return botocore.session.get_session().get_service_model(service)
