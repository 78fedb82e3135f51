"""What an expression of JSONata is made of, as far as it is read here."""

from __future__ import annotations

from dataclasses import dataclass, field

from cirrus_callbacks_plugin.lint.data.shape import Step  # noqa: TC001 - a field's type


@dataclass(frozen=True, slots=True)
class Literal:
    """A text, a number, true, false or null."""

    value: str | float | bool | None


@dataclass(frozen=True, slots=True)
class Path:
    """``$root.a.b[0]``; the root ``""`` is what is around (``$``)."""

    root: str
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True)
class Of:
    """A path from any other expression: ``$merge([...]).a``."""

    base: Expression
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class ObjectOf:
    """``{'a': ...}``; a key that is computed is None."""

    members: tuple[tuple[str | None, Expression], ...]


@dataclass(frozen=True, slots=True)
class ListOf:
    """``[...]``; a range or anything else in it is Opaque."""

    elements: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Call:
    """``$name(...)``."""

    name: str
    arguments: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Either:
    """``condition ? a : b``."""

    options: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Changed:
    """``base ~> | $ | {...}, [...] |``."""

    base: Expression
    is_whole: bool
    update: Expression
    deleted: Expression | None


@dataclass(frozen=True, slots=True)
class Block:
    """``($a := ...; ...)``."""

    bindings: tuple[tuple[str, Expression], ...]
    value: Expression


@dataclass(frozen=True, slots=True)
class Opaque:
    """Anything else."""

    text: str = field(repr=False)


Expression = Literal | Path | Of | ObjectOf | ListOf | Call | Either | Changed | Block | Opaque
