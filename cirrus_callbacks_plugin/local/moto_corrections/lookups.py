"""What moto works out again in each call though it never changes: kept once found.

Answers stay as they are. A sixth of what the functional tests computed was spent here.
"""

from __future__ import annotations

import functools
import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cirrus_callbacks_plugin.local.moto_corrections.patches import Patches

_MOST_TREES = 64
_TREES: OrderedDict[str, Any] = OrderedDict()
"""Syntax trees by their text, whose affair alone they are: kept from one block to the next."""
_INDEX_NAME = 6
"""Its place among the arguments that follow a query's hash key."""
_NAMES = "_names_in_dictionaries"


def keep_names_of_members(patches: Patches) -> None:
    """The names under which a dictionary may hold a structure's member are kept with the member.

    moto asks six providers of aliases for them, for each member of each structure of each
    answer: an item of DynamoDB has ten members an attribute. They follow from the member and
    the value's class alone.
    """
    from moto.core.serialize import (
        AttributePickerContext,
        ResponseSerializer,
        XFormedAttributePicker,
    )

    original = ResponseSerializer.get_value

    def names_of(picker: Any, value: dict[str, Any], key: str, shape: Any) -> tuple[str, ...]:
        names = tuple(picker.get_possible_keys(AttributePickerContext(value, key, shape)))
        # A name with a dot is a path to moto.
        return () if any("." in name for name in names) else names

    def get_value(self: Any, value: Any, key: str, shape: Any) -> Any:
        picker = self._value_picker
        if (
            type(value) is not dict
            or type(picker) is not XFormedAttributePicker
            or picker.response_transformers
        ):
            return original(self, value, key, shape)
        kept = shape.__dict__.setdefault(_NAMES, {})
        names = kept.get(key)
        if names is None:
            names = kept[key] = names_of(picker, value, key, shape)
        if not names:
            return original(self, value, key, shape)
        for name in names:
            if name in value:
                return value[name]
        return None

    patches.set(ResponseSerializer, "get_value", get_value)


def keep_names_of_methods(patches: Patches) -> None:
    """The names of a handler's methods are kept.

    moto inspects the handler's class in each call, to find the one method that it runs.
    """
    from moto.core import responses

    kept = functools.cache(responses.method_names_from_class)
    patches.set(responses, "method_names_from_class", kept)


def keep_names_of_services(patches: Patches) -> None:
    """The names of the services that moto has are kept.

    Its server lists the folders of its package for each request, to see whether a host is named
    like one.
    """
    from moto import backends

    original = backends.list_of_moto_modules
    kept = functools.cache(lambda: tuple(original()))
    patches.set(backends, "list_of_moto_modules", kept)


def keep_parsed_definitions(patches: Patches) -> None:
    """The syntax tree of a definition is kept with its text.

    moto parses a definition when a state machine is made of it, and again for each execution.
    What runs is built from the tree each time.
    """
    from moto.stepfunctions.parser.asl.antlr.runtime.ASLParser import ASLParser

    original = ASLParser.state_machine

    def state_machine(self: Any) -> Any:
        text = str(self.getInputStream().tokenSource.inputStream)
        tree = _TREES.get(text)
        if tree is None:
            tree = original(self)
            if not self.getNumberOfSyntaxErrors():  # the caller's listener is told of errors
                _TREES[text] = tree
                if len(_TREES) > _MOST_TREES:
                    _TREES.popitem(last=False)
        return tree

    patches.set(ASLParser, "state_machine", state_machine)


def keep_the_retention_of_queues(patches: Patches) -> None:
    """How long a queue keeps its messages is read from the queue.

    moto asks for it for each message that is received, among all attributes, three times over,
    and counts all messages of the queue for three of those: ten messages are received by 91 walks
    through the queue (findings/).
    """
    from moto.core.utils import unix_time
    from moto.sqs.models import SQSBackend

    def is_kept(self: Any, queue_name: str, message: Any) -> bool:
        retention: int = self.get_queue(queue_name).message_retention_period
        return bool(retention + message.sent_timestamp / 1000 > unix_time())

    patches.set(SQSBackend, "is_message_valid_based_on_retention_period", is_kept)


def query_one_partition(patches: Patches) -> None:
    """A query of a table looks at its partition's items, and one of an index sorts what it found.

    moto sorts all items of the table by their keys for each query, before it looks for those of
    the partition; and those that are found are sorted again.
    """
    from moto.dynamodb.models.table import Table

    original, all_items = Table.query, Table.all_items
    queried = _Queried()

    def query(self: Any, hash_key: Any, *given: Any, **named: Any) -> Any:
        index_name = named.get("index_name", *given[_INDEX_NAME : _INDEX_NAME + 1])
        queried.table = self
        queried.hash_key = hash_key if index_name is None else None
        try:
            return original(self, hash_key, *given, **named)
        finally:
            queried.table = None

    def found(self: Any) -> Any:
        if queried.table is not self:
            return all_items(self)
        if queried.hash_key is None:
            partitions = list(self.items.values())
        else:
            partitions = [self.items[queried.hash_key]] if queried.hash_key in self.items else []
        if not self.range_key_attr:
            return partitions
        return [item for partition in partitions for item in list(partition.values())]

    patches.set(Table, "query", query)
    patches.set(Table, "all_items", found)


class _Queried(threading.local):
    """What a thread queries now.

    Attributes:
        table: None where it queries nothing.
        hash_key: of the table's partition; None where an index is queried.
    """

    table: Any = None
    hash_key: Any = None
