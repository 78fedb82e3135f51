"""A folder with state machines and payloads to try: what is in it, and what is wrong with it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path  # noqa: TC003 - fields' type, read at runtime
from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.asl.template import TemplateError, render
from cirrus_callbacks_plugin.cirrus.installed import adapter
from cirrus_callbacks_plugin.errors import UnacceptablePayload
from cirrus_callbacks_plugin.local import asl
from cirrus_callbacks_plugin.local.errors import LocalProjectError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cirrus_callbacks_plugin.local.deployment import Names

WORKFLOW_SUFFIX = ".asl.json"
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")


@dataclass(frozen=True, slots=True)
class PayloadFile:
    """A payload file.

    Attributes:
        path: the file.
        body: its content.
        payload_id: the id that cirrus gives it.
        workflow: the workflow that it is for.
    """

    path: Path
    body: dict[str, Any]
    payload_id: str
    workflow: str


@dataclass(frozen=True, slots=True)
class StoredObject:
    """A file that is in S3 before the first payload is sent: ``objects/BUCKET/KEY``."""

    path: Path
    bucket: str
    key: str


@dataclass(frozen=True, slots=True)
class Project:
    """A folder's content.

    Attributes:
        root: the folder.
        workflows: each workflow's state machine file, by the workflow's name.
        payloads: in the order of their file names.
        objects: what is to be in S3.
    """

    root: Path
    workflows: Mapping[str, Path]
    payloads: tuple[PayloadFile, ...]
    objects: tuple[StoredObject, ...]

    @property
    def functions(self) -> Path:
        """Where the functions of lambda tasks are."""
        return self.root / "functions"

    @classmethod
    def read(cls, root: Path) -> Project:
        """Read a folder; cirrus itself says whether it accepts the payloads.

        Raises:
            LocalProjectError: a file is missing or cannot be used.
            UnsupportedCirrusError: no cirrus is installed.
        """
        if not root.is_dir():
            raise LocalProjectError(root, "is no folder")
        files = sorted((root / "workflows").glob(f"*{WORKFLOW_SUFFIX}"))
        workflows = {path.name.removesuffix(WORKFLOW_SUFFIX): path for path in files}
        if not workflows:
            raise LocalProjectError(
                root,
                f"has no workflows: put each state machine in workflows/NAME{WORKFLOW_SUFFIX}, "
                "NAME being the workflow's name in the payloads",
            )
        payloads = tuple(_payload(path) for path in sorted((root / "payloads").glob("*.json")))
        if not payloads:
            raise LocalProjectError(
                root, "has no payloads: put what is to be sent in payloads/*.json"
            )
        for payload in payloads:
            if payload.workflow not in workflows:
                raise LocalProjectError(
                    payload.path,
                    f"is for the workflow {payload.workflow!r}, and "
                    f"workflows/{payload.workflow}{WORKFLOW_SUFFIX} is missing",
                )
        return cls(root, workflows, payloads, tuple(_objects(root / "objects")))

    def definitions(self, names: Names, variables: Mapping[str, str]) -> dict[str, str]:
        """The state machines with their variables filled in, by workflow.

        Args:
            names: of the deployment in which they will run.
            variables: the user's own ones; they outrank ours.

        Raises:
            LocalProjectError: a state machine does not parse, or cannot run on this machine.
        """
        known = {**template_variables(names), **variables}
        return {name: _definition(path, known) for name, path in self.workflows.items()}


def template_variables(names: Names) -> dict[str, str]:
    """What state machines may refer to as ``${name}``."""
    return {
        "process_queue_url": names.process_queue_url,
        "process_queue_arn": names.process_queue_arn,
        "payload_bucket": names.payload_bucket,
        "prefix": names.prefix,
        "region": names.region,
        "account": names.account,
        # The names that FilmDrop's modules give to two of them.
        "CIRRUS_PROCESS_QUEUE_URL": names.process_queue_url,
        "CIRRUS_PROCESS_QUEUE_ARN": names.process_queue_arn,
    }


def _definition(path: Path, variables: Mapping[str, str]) -> str:
    try:
        text = render(_text(path), variables)
    except TemplateError as error:
        raise LocalProjectError(path, f"cannot be filled in: {error}") from error
    definition = _json(path, text)
    problem = next(asl.problems(definition), None)
    if problem is not None:
        raise LocalProjectError(path, problem)
    from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser

    try:
        AmazonStateLanguageParser.parse(text)
    except Exception as error:  # moto raises whatever its grammar meets
        reason = str(error).removeprefix("ASLParserException ").splitlines()[0]
        raise LocalProjectError(path, f"is no valid Amazon States Language: {reason}") from error
    return text


def _payload(path: Path) -> PayloadFile:
    body = _json(path, _text(path))
    if not isinstance(body, dict):
        raise LocalProjectError(path, "is no payload: it must hold one JSON object")
    try:
        identity = adapter().identify(json.loads(json.dumps(body)))
    except UnacceptablePayload as error:
        raise LocalProjectError(path, f"is a payload that cirrus refuses: {error}") from error
    process = body["process"]
    return PayloadFile(path, body, identity.payload_id, process[0]["workflow"])


def _objects(folder: Path) -> list[StoredObject]:
    found = []
    for path in sorted(folder.rglob("*")):
        if not path.is_file() or path.name == ".DS_Store":
            continue
        bucket, _, key = path.relative_to(folder).as_posix().partition("/")
        if not key or not _BUCKET.fullmatch(bucket):
            raise LocalProjectError(path, "is in no bucket: put it in objects/BUCKET/KEY")
        found.append(StoredObject(path, bucket, key))
    return found


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise LocalProjectError(path, f"cannot be read: {error}") from error


def _json(path: Path, text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise LocalProjectError(path, f"is no JSON: {error}") from error
    except RecursionError as error:
        raise LocalProjectError(path, "is nested too deeply") from error
