"""The state machines of a folder, in the layouts in which people keep them.

- ``workflows/NAME.asl.json`` (or ``.asl.yaml``)
- FilmDrop's: ``workflows/NAME/definition.yaml`` with ``state_machine_filepath``, or
  ``workflows/NAME/state-machine.json`` alone
- templates of CloudFormation and SAM, and what the CDK makes (``cdk.out/*.template.json``):
  every state machine that they declare, called by its own name without the deployment's
  prefix, or by its resource's name
- what the folder's settings name
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.asl import document
from cirrus_callbacks_plugin.asl.errors import UnreadableError, UnusableFileError
from cirrus_callbacks_plugin.asl.filling import Filling
from cirrus_callbacks_plugin.asl.machine import Machine  # noqa: TC001 - a field's type
from cirrus_callbacks_plugin.local import asl
from cirrus_callbacks_plugin.local.errors import LocalProjectError, NoWorkflowsError
from cirrus_callbacks_plugin.local.variables import Variables

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cirrus_callbacks_plugin.asl.nodes import Node, Position
    from cirrus_callbacks_plugin.local.deployment import Names
    from cirrus_callbacks_plugin.local.folder_settings import FolderSettings

SUFFIXES = (".asl.json", ".asl.yaml", ".asl.yml")
_TEMPLATES = (
    "*.yaml",
    "*.yml",
    "*.template.json",
    "template.json",
    "workflows/*.yaml",
    "workflows/*.yml",
    "workflows/*/*.yaml",
    "workflows/*/*.yml",
    "cloudformation/**/*.yaml",
    "cloudformation/**/*.yml",
    "cdk.out/*.template.json",
)
_DECLARES = re.compile(r"AWS::(?:StepFunctions|Serverless)::StateMachine")
_ENDING = re.compile(r"(?:State-?Machine|Workflow)(?:[0-9A-F]{8})?$", re.IGNORECASE)
"""What logical ids end in; the CDK adds eight digits."""


@dataclass(frozen=True, slots=True)
class WorkflowFile:
    """One workflow's state machine.

    Attributes:
        name: the workflow's name in payloads.
        path: the file in which it stands.
        machine: its definition, with positions.
        root: the whole file that declares it; the definition itself where that is the file.
    """

    name: str
    path: Path
    machine: Machine
    root: Node

    def definition(self, names: Names, given: Mapping[str, str], queue: str | None) -> Any:
        """The definition as it is deployed, filled in, as plain JSON.

        Raises:
            LocalProjectError: a name in it is not known, or it cannot run on this machine; the
                message names file and line.
        """
        origin = self.machine.origin
        own = {**_parameters(self.root), **given}
        variables = Variables(names, own, queue, _functions(self.root))
        values = {
            name: self._filled(text, variables) for name, text in origin.substitutions.items()
        }
        variables = Variables(names, {**values, **own}, queue, variables.functions)
        twice = next(self.machine.scope.node.all_duplicates(), None)
        if twice is not None:
            raise self._problem(
                f"has the key {twice.key!r} twice, first in line {twice.first.line}: one of them "
                "would be lost, remove or rename it",
                twice.at,
            )
        filling = Filling(origin.style, variables.value_of, variables.advice)
        try:
            filled = filling.value(self.machine.scope.node)
        except UnreadableError as error:
            raise self._problem(f"cannot be filled in: {error.problem}", error.at) from error
        problem = next(asl.problems(filled), None)
        if problem is not None:
            raise self._problem(problem, self._at(problem))
        return filled

    def _filled(self, text: str, variables: Variables) -> str:
        """A substitution's value; left as it is where a name in it is not known."""
        return re.sub(
            r"\$\{([\w.:-]+)\}", lambda match: variables.value_of(match[1]) or match[0], text
        )

    def _problem(self, problem: str, at: Position | None) -> LocalProjectError:
        file = Path(self.machine.origin.file) if self.machine.origin.file else self.path
        line = "" if at is None else f", line {at.line},"
        return LocalProjectError(file, problem, where=line)

    def _at(self, problem: str) -> Position | None:
        """Where the state stands that a problem names first; the machine where it names none."""
        first, at = len(problem), self.machine.scope.node.at
        for state in self.machine.states:
            named = re.search(rf"\b(?:state|task|of|called) {re.escape(repr(state.name))}", problem)
            # Of states of one name it is the last one that is too many.
            if named is not None and named.start() <= first:
                first, at = named.start(), state.at
        return at


def find(root: Path, settings: FolderSettings, prefix: str) -> dict[str, WorkflowFile]:
    """The workflows of a folder, by name.

    Args:
        root: the folder.
        settings: what it says of itself.
        prefix: of the deployment's names; a state machine's name loses it.

    Raises:
        LocalProjectError: a file cannot be used, or two workflows have one name.
        NoWorkflowsError: the folder has none.
    """
    workflows: dict[str, WorkflowFile] = {}
    for workflow in _all(root, settings, prefix):
        known = workflows.get(workflow.name)
        if known is None:
            workflows[workflow.name] = workflow
        elif known.path.resolve() != workflow.path.resolve():
            raise LocalProjectError(
                workflow.path,
                f"declares the workflow {workflow.name!r}, as {known.path} does: remove one, or "
                "name them apart in [workflows] of .cirrus-callbacks.toml",
            )
    if not workflows:
        raise NoWorkflowsError(
            root,
            f"has no workflows: put each state machine in workflows/NAME{SUFFIXES[0]}, NAME "
            "being the workflow's name in the payloads, or give the folder of a template",
        )
    return workflows


def _all(root: Path, settings: FolderSettings, prefix: str) -> Iterator[WorkflowFile]:
    for name, place in settings.workflows.items():
        yield _named(root, name, place)
    seen = {(root / place.partition("#")[0]).resolve() for place in settings.workflows.values()}
    folder = root / "workflows"
    for suffix in SUFFIXES:
        for path in sorted(folder.glob(f"*{suffix}")):
            yield _only(path, path.name.removesuffix(suffix))
    for inner in sorted(each for each in folder.glob("*") if each.is_dir()):
        yield from _filmdrop(root, inner)
    for pattern in _TEMPLATES:
        for path in sorted(root.glob(pattern)):
            if path.is_file() and path.resolve() not in seen and not _is_definition(path):
                seen.add(path.resolve())
                yield from _declared(path, prefix)


def _is_definition(path: Path) -> bool:
    return path.name.endswith(SUFFIXES) or path.name in ("definition.yaml", "definition.yml")


def _named(root: Path, name: str, place: str) -> WorkflowFile:
    file, _, resource = place.partition("#")
    path = root / file
    read = _read(path)
    machines = [each for each in read.machines if not resource or each.origin.name == resource]
    if len(machines) != 1:
        there = ", ".join(each.origin.name or "one" for each in read.machines) or "none"
        raise LocalProjectError(
            path,
            f"is to hold the workflow {name!r}, and {place!r} does not name one state machine "
            f"of it (there: {there}): write FILE#RESOURCE",
        )
    return WorkflowFile(name, path, machines[0], read.parsed.root)


def _only(path: Path, name: str) -> WorkflowFile:
    read = _read(path)
    if len(read.machines) != 1:
        raise LocalProjectError(path, "does not hold one state machine")
    return WorkflowFile(name, path, read.machines[0], read.parsed.root)


def _filmdrop(root: Path, folder: Path) -> Iterator[WorkflowFile]:
    machine = folder / "state-machine.json"
    definition = next(
        (
            path
            for path in (folder / "definition.yaml", folder / "definition.yml")
            if path.is_file()
        ),
        None,
    )
    if definition is None:
        if machine.is_file():
            yield _only(machine, folder.name)
        return
    import yaml

    try:
        content = yaml.safe_load(definition.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        # ``${...}`` of Terraform outside of quotes is not YAML; two lines of it are needed.
        content = _lines(definition)
        if "name" not in content:
            raise LocalProjectError(definition, f"cannot be read: {error}") from error
    if not isinstance(content, dict) or not isinstance(content.get("name", folder.name), str):
        raise LocalProjectError(definition, "has no name of a workflow")
    named = content.get("state_machine_filepath")
    candidates = [machine]
    if isinstance(named, str):
        candidates = [root / named, folder / Path(named).name, machine]
    path = next((each for each in candidates if each.is_file()), None)
    if path is None:
        raise LocalProjectError(definition, f"names the state machine {named}, which is not there")
    yield _only(path, content.get("name", folder.name))


def _lines(path: Path) -> dict[str, str]:
    pairs = re.findall(
        r"^(name|state_machine_filepath):\s*[\"']?([^\s\"'#]+)", path.read_text(), re.MULTILINE
    )
    return dict(pairs)


def _declared(path: Path, prefix: str) -> Iterator[WorkflowFile]:
    try:
        if not _DECLARES.search(path.read_text(encoding="utf-8")):
            return
    except (OSError, UnicodeDecodeError):
        return  # not a template
    read = _read(path)
    for each in read.unread:
        raise LocalProjectError(path, f"declares {each.where}, which cannot be read: {each.why}")
    for machine in read.machines:
        name = _workflow_name(machine, prefix)
        if name is not None:
            yield WorkflowFile(name, path, machine, read.parsed.root)


def _workflow_name(machine: Machine, prefix: str) -> str | None:
    """What payloads call a state machine of a template; None where it has no name at all."""
    label = machine.origin.label
    if label is not None:
        plain = re.sub(r"\$\{[^}]*\}", "", label).strip("-_")
        return plain.removeprefix(f"{prefix}-") or None
    if machine.origin.name is None:
        return None
    plain = _ENDING.sub("", machine.origin.name) or machine.origin.name
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", plain).lower()


def _read(path: Path) -> document.Document:
    try:
        return document.read(str(path))
    except UnusableFileError as error:
        line = "" if error.at is None else f", line {error.at.line},"
        raise LocalProjectError(path, error.problem, where=line) from error


def _parameters(root: Node) -> dict[str, str]:
    """The defaults of a template's parameters."""
    parameters = root.get("Parameters")
    defaults = {}
    for name, parameter in (parameters.members if parameters else {}).items():
        default = parameter.get("Default")
        if default is not None and default.value is not None and not default.is_later:
            defaults[name] = str(default.value)
    return defaults


def _functions(root: Node) -> dict[str, str]:
    """The lambda functions that a template declares: logical id to name."""
    resources = root.get("Resources")
    names = {}
    for name, resource in (resources.members if resources else {}).items():
        kind = resource.get("Type")
        if kind is not None and kind.text in ("AWS::Lambda::Function", "AWS::Serverless::Function"):
            properties = resource.get("Properties")
            named = properties.get("FunctionName") if properties is not None else None
            text = named.text if named is not None else None
            names[name] = name if text is None or "${" in text else text
    return names
