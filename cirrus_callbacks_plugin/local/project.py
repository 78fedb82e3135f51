"""A folder with state machines and payloads to try: what is in it, and what is wrong with it."""

from __future__ import annotations

import functools
import json
import re
from dataclasses import dataclass, field
from pathlib import Path  # noqa: TC003 - fields' type, read at runtime
from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin.cirrus.installed import adapter
from cirrus_callbacks_plugin.errors import UnacceptablePayload
from cirrus_callbacks_plugin.local import workflow_files
from cirrus_callbacks_plugin.local.errors import LocalProjectError
from cirrus_callbacks_plugin.local.folder_settings import FILE, FolderSettings
from cirrus_callbacks_plugin.local.moto_corrections.corrected import correctly_read
from cirrus_callbacks_plugin.local.workflow_files import WorkflowFile  # noqa: TC001 - the same

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cirrus_callbacks_plugin.local.deployment import Names

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
        workflows: each workflow's state machine, by the workflow's name.
        payloads: in the order of their file names.
        objects: what is to be in S3.
        settings: what the folder says of itself.
    """

    root: Path
    workflows: Mapping[str, WorkflowFile]
    payloads: tuple[PayloadFile, ...]
    objects: tuple[StoredObject, ...]
    settings: FolderSettings = field(default_factory=FolderSettings)

    @property
    def functions(self) -> Path:
        """Where the functions of lambda tasks are."""
        return self.root / "functions"

    @classmethod
    def read(
        cls,
        root: Path,
        *,
        prefix: str = "cirrus-local",
        only: Sequence[str] = (),
        needs_payloads: bool = True,
    ) -> Project:
        """Read a folder; cirrus itself says whether it accepts the payloads.

        Args:
            root: the folder.
            prefix: of the deployment's names.
            only: names, paths or ids of the payloads to keep; empty for all.
            needs_payloads: a folder without payloads is an error.

        Raises:
            LocalProjectError: a file is missing or cannot be used.
            UnsupportedCirrusError: no cirrus is installed.
        """
        if not root.is_dir():
            raise LocalProjectError(root, "is not a folder")
        settings = FolderSettings.read(root)
        workflows = workflow_files.find(root, settings, prefix)
        objects = tuple(_objects(root / "objects"))
        stored = {f"s3://{each.bucket}/{each.key}": each.path for each in objects}
        paths = _payload_paths(root, settings, needs_payloads=needs_payloads)
        payloads = tuple(_payload(path, stored) for path in paths)
        if only:
            payloads = _chosen(root, payloads, only)
        for payload in payloads:
            if payload.workflow not in workflows:
                raise LocalProjectError(
                    payload.path,
                    f"is for the workflow {payload.workflow!r}, which is not one of the folder's "
                    f"({', '.join(workflows)}): add workflows/{payload.workflow}"
                    f"{workflow_files.SUFFIXES[0]}, or name its file in [workflows] of {FILE}",
                )
        return cls(root, workflows, payloads, objects, settings)

    def check_definitions(self, names: Names, variables: Mapping[str, str]) -> None:
        """Let the interpreter read every state machine; takes what :meth:`definitions` takes.

        Raises:
            LocalProjectError: a state machine does not parse, or cannot run on this machine.
        """
        for workflow, text in self.definitions(names, variables).items():
            reason = _refusal(text)
            if reason is not None:
                problem = f"is not valid Amazon States Language: {reason}"
                raise LocalProjectError(self.workflows[workflow].path, problem)

    def definitions(self, names: Names, variables: Mapping[str, str]) -> dict[str, str]:
        """The state machines with their variables filled in, as JSON texts, by workflow.

        Args:
            names: of the deployment in which they will run.
            variables: the user's own ones; they outrank the folder's, and ours.

        Raises:
            LocalProjectError: a name is not known, or a state machine cannot run on this
                machine.
        """
        given = {**self.settings.variables, **variables}
        return {
            name: json.dumps(workflow.definition(names, given, self.settings.queue))
            for name, workflow in self.workflows.items()
        }


@functools.lru_cache(maxsize=256)
def _refusal(text: str) -> str | None:
    """Why the interpreter refuses a definition; a test's stack asks about the same ones often."""
    from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser

    try:
        with correctly_read():
            AmazonStateLanguageParser.parse(text)
    except Exception as error:  # noqa: BLE001 - moto raises whatever its grammar meets
        return str(error).removeprefix("ASLParserException ").splitlines()[0]
    return None


def _payload_paths(root: Path, settings: FolderSettings, *, needs_payloads: bool) -> list[Path]:
    """The payload files: in their folder, or beside a single workflow's template."""
    folder = root / (settings.payloads or "payloads")
    paths = sorted(folder.glob("*.json"))
    if not paths and settings.payloads is None:
        paths = sorted(root.glob("payload*.json"))
    if not paths and needs_payloads:
        where = settings.payloads or "payloads"
        raise LocalProjectError(root, f"has no payloads: put what is to be sent in {where}/*.json")
    return paths


def _chosen(
    root: Path, payloads: tuple[PayloadFile, ...], only: Sequence[str]
) -> tuple[PayloadFile, ...]:
    chosen: list[PayloadFile] = []
    for wanted in only:
        found = [
            each
            for each in payloads
            if wanted in (each.path.name, each.path.stem, each.payload_id, str(each.path))
        ]
        if not found:
            known = ", ".join(each.path.name for each in payloads)
            raise LocalProjectError(root, f"has no payload {wanted!r}: one of {known}")
        chosen += found
    return tuple(each for each in payloads if each in chosen)


def _payload(path: Path, stored: Mapping[str, Path]) -> PayloadFile:
    body = _json(path, _text(path))
    if not isinstance(body, dict):
        raise LocalProjectError(path, "is not a payload: it must hold one JSON object")
    content = body
    if "url" in body and "process" not in body:
        content = _referred(path, body["url"], stored)
    try:
        identity = adapter().identify(json.loads(json.dumps(content)))
    except UnacceptablePayload as error:
        raise LocalProjectError(path, f"is a payload that cirrus refuses: {error}") from error
    process = content["process"]
    return PayloadFile(path, body, identity.payload_id, process[0]["workflow"])


def _referred(path: Path, url: Any, stored: Mapping[str, Path]) -> Any:
    """The payload behind a reference, which is an object of the folder."""
    if not isinstance(url, str) or url not in stored:
        _, _, place = str(url).partition("s3://")
        raise LocalProjectError(
            path,
            f"refers to {url}, which is not in this folder: put it into objects/"
            f"{place or 'BUCKET/KEY'}",
        )
    return _json(stored[url], _text(stored[url]))


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
        raise LocalProjectError(path, f"is not JSON: {error}") from error
    except RecursionError as error:
        raise LocalProjectError(path, "is nested too deeply") from error
