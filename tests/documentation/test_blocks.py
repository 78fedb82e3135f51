"""Every block of the documentation is run, or stands in the list with the reason."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from kinds import Kind, kind_of
from listed import entries, entry_of
from page_folder import complete, write
from sound import complaints, machine_around

from cirrus_callbacks_plugin.carriers.message import take
from cirrus_callbacks_plugin.cirrus.installed import adapter
from cirrus_callbacks_plugin.joins.request import JoinRequest
from cirrus_callbacks_plugin.joins.result import JoinResult, S3Object
from cirrus_callbacks_plugin.joins.rows import Join, MemberRow
from cirrus_callbacks_plugin.local.errors import LocalProjectError
from cirrus_callbacks_plugin.local.folder_settings import FolderSettings
from cirrus_callbacks_plugin.naming import MemberToken, is_join_id
from cirrus_callbacks_plugin.protocol.answer import answer_of
from cirrus_callbacks_plugin.serverless.settings import ServerlessSettings
from cirrus_callbacks_plugin.waits.row import Wait
from support.command_line import CommandLine, Folder
from support.fenced_blocks import ROOT, Block, blocks
from support.linted import attribute, send
from support.step_names import step_names
from support.terraform_cli import MODULE
from support.tried_folder import Tried, try_folder

if TYPE_CHECKING:
    from pathlib import Path

BLOCKS = blocks()
TOKEN = "AQCEAAAA..."


def _of(*kinds: Kind) -> list[Any]:
    return [pytest.param(each, id=each.name) for each in BLOCKS if kind_of(each) in kinds]


def test_every_block_is_of_a_kind_that_is_run() -> None:
    """A language or an object that no test knows fails here, before it is believed."""
    assert len(BLOCKS) > 80
    assert {kind_of(each) for each in BLOCKS} == set(Kind)


def test_an_entry_of_the_list_is_about_something() -> None:
    """Each names a command or a block that stands on its page, once, and a reason."""
    shown = {(each.file, text) for each in BLOCKS for text in (each.first, *each.commands)}
    listed = [(each.file, each.text) for each in entries()]
    assert sorted(set(listed) - shown) == []
    assert len(listed) == len(set(listed))
    assert all(each.reason for each in entries())


def _machine(block: Block) -> dict[str, Any]:
    if kind_of(block) is Kind.FIELDS:
        return _with_fields(json.loads(f"{{{block.text}}}"))
    value: dict[str, Any] = json.loads(block.text)
    return value if "StartAt" in value else machine_around(value)


def _with_fields(fields: dict[str, Any]) -> dict[str, Any]:
    """A wait, or a Map of waits, that is sound without the fields that are shown."""
    if "ItemSelector" in fields:
        body = next(name for name in fields["ItemSelector"] if name.startswith("payload"))
        machine = _with_fields({"ResultPath": None})
        inner = machine["States"]["State"]
        inner["Parameters"]["MessageBody.$"] = f"$.{body}"
        inner["Catch"] = [{"ErrorEquals": ["States.ALL"], "Next": "Without"}]
        processor = {"StartAt": "Wait", "States": {"Wait": inner, "Without": _PASS}}
        outer = {"Type": "Map", "ItemProcessor": processor, "ResultPath": "$.answers", "End": True}
        return machine_around({"ItemsPath": "$.features", "MaxConcurrency": 40, **outer, **fields})
    attributes = fields.pop("MessageAttributes", attribute())
    state = send({"features": []}, attributes)["States"]["Wait"]
    made = {**state, "ResultPath": "$.answer", **fields}
    return machine_around({name: value for name, value in made.items() if value is not None})


_PASS = {"Type": "Pass", "Parameters": {"error.$": "$.Error"}, "End": True}


@pytest.mark.parametrize("block", _of(Kind.MACHINE, Kind.STATE, Kind.FIELDS))
def test_a_state_is_sound(block: Block) -> None:
    """The project's own linter has no warning; one that is wrong on purpose has an error."""
    entry = entry_of(block)
    found = complaints(_machine(block))
    if entry is not None and entry.wrong:
        assert found
    else:
        assert found == []


@pytest.mark.e2e
@pytest.mark.parametrize("block", _of(Kind.MACHINE, Kind.STATE))
def test_a_state_machine_runs(block: Block, tmp_path: Path) -> None:
    """On the local stack, with real cirrus: every wait is told, every record is final.

    The seam for what the local interpreter does not run yet: an entry of the list names a word
    of its refusal, and is wrong once it is refused no longer.
    """
    entry = entry_of(block)
    if entry is not None and entry.refused is not None:
        with pytest.raises(LocalProjectError, match=entry.refused):
            try_folder(_folder(block, tmp_path))
        return
    if entry is not None:
        pytest.skip(entry.reason)
    tried = try_folder(_folder(block, tmp_path))
    assert set(tried.states.values()) == _expected(block)[0]
    assert {wait.payload_id for wait in tried.waits if wait.is_join} == set(tried.joins)
    assert {join.failed + join.pending for join in tried.joins.values()} <= {0}
    assert [wait.answer for wait in tried.waits] != []
    assert {wait.answer_error for wait in tried.waits} == _expected(block)[1]
    _is_payload_again(tried)


def _folder(block: Block, root: Path) -> Path:
    if kind_of(block) is Kind.MACHINE and block.is_file:
        return write(block.file, root).root
    folder = Folder(root).write("workflows/mosaic.asl.json", _machine(block))
    return complete(folder).root


def _expected(block: Block) -> tuple[set[str], set[str | None]]:
    """States in cirrus's table, and errors that are told: all is well, but on one page."""
    if block.file.endswith("invalid-children.md"):
        return {"SUCCEEDED", "INVALID"}, {"CirrusCallback.Invalid"}
    return {"SUCCEEDED"}, {None}


def _is_payload_again(tried: Tried) -> None:
    assert "mosaic" in tried.outputs
    for workflow, outputs in tried.outputs.items():
        for output in outputs:
            assert output["process"][0]["workflow"] == workflow
            assert output["features"]


@pytest.mark.parametrize("block", _of(Kind.MESSAGE))
def test_a_message_carries_one_token(block: Block) -> None:
    """The token is found in it, by the product's own search, and nothing of it stays."""
    taken = take({"messageId": "1", "body": block.text})
    assert [each.task_token for each in taken.callbacks] == [TOKEN]
    assert TOKEN not in json.dumps(taken.record)


@pytest.mark.parametrize("block", _of(Kind.PAYLOAD))
def test_a_payload_is_accepted(block: Block) -> None:
    """The installed cirrus takes it."""
    assert adapter().identify(json.loads(block.text)).payload_id


@pytest.mark.parametrize("block", _of(Kind.ANSWER))
def test_an_answer_has_the_keys_that_are_sent(block: Block) -> None:
    """Those of a success, or of a cause, as the product writes them."""
    shown = json.loads(block.text)
    row = Wait("an-id", "a-token", **dict.fromkeys(("execution_arn", "error"), "x"))
    if "error" in shown:
        sent = json.loads(answer_of(_settled(row, "FAILED")).body)
        assert set(sent) == set(shown)
    else:
        assert set(json.loads(answer_of(_settled(row, "SUCCEEDED")).body)) == set(shown)


def _settled(row: Wait, state: str) -> Wait:
    return replace(row, workflow_state=state, settled_at="x", output_payload_url="x")


@pytest.mark.parametrize("block", _of(Kind.JOIN))
def test_a_join_request_keeps_the_rules(block: Block) -> None:
    """The product reads it, and has nothing to say against it."""
    assert JoinRequest.parse(json.loads(block.text)["join"]).members


@pytest.mark.parametrize("block", _of(Kind.JOIN_ANSWER))
def test_a_joins_answer_has_the_keys_that_are_sent(block: Block) -> None:
    """All of a success, and of members that succeeded, failed or go on; the counts add up."""
    shown = json.loads(block.text)
    token = [MemberToken(shown["join_id"], index) for index in range(3)]
    rows = [
        MemberRow(token[0], "id", "SUCCEEDED", "run", "url", answer="success"),
        MemberRow(token[1], "id", "FAILED", "run", None, "why", "failure", "CirrusCallback.Failed"),
        MemberRow(token[2], "id"),
    ]
    join = Join(Wait(shown["join_id"], "a-token"), name="summer", total=len(rows))
    sent = json.loads(JoinResult(join, rows, S3Object("bucket", "key")).success().body)
    assert set(sent) == set(shown)
    assert set(sent["members_at"]) == set(shown["members_at"])
    assert [set(each) for each in shown["members"]] == [set(each) for each in sent["members"]]
    counts = ("total", "succeeded", "failed", "pending")
    assert [shown[name] for name in counts] == [sent[name] for name in counts]
    assert is_join_id(shown["join_id"])


@pytest.mark.parametrize("block", _of(Kind.LOG_LINE))
def test_a_log_line_is_of_a_step_that_exists(block: Block) -> None:
    """Its step is one of the product's."""
    assert json.loads(block.text)["callback"] in step_names()


@pytest.mark.parametrize("block", _of(Kind.CONSOLE))
def test_a_console_shows_what_the_command_prints(
    block: Block,
    cli: CommandLine,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Word for word."""
    entry = entry_of(block)
    if entry is not None:
        pytest.skip(entry.reason)
    command, _, shown = block.text.partition("\n")
    write(block.file, tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    ran = cli(*command.removeprefix("$ cirrus-callbacks ").split())
    printed = "\n".join(line.rstrip() for line in ran.out.splitlines())
    assert printed == shown.rstrip("\n")


@pytest.mark.parametrize("block", _of(Kind.HCL))
def test_terraform_is_well_formed(block: Block) -> None:
    """``terraform fmt`` takes it as it is; what it sets of the module are its variables."""
    if shutil.which("terraform") is None:
        pytest.skip("terraform is not on PATH")
    ran = subprocess.run(
        ["terraform", "fmt", "-check", "-"],
        input=block.text,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    if 'module "callbacks"' in block.text:
        source = "".join(path.read_text() for path in MODULE.glob("variables*.tf"))
        known = set(re.findall(r'^variable "(\w+)"', source, re.MULTILINE))
        named = set(re.findall(r"^  (\w+) += ", block.text, re.MULTILINE)) - {"source"}
        assert named <= known


@pytest.mark.parametrize("block", _of(Kind.YAML))
def test_yaml_is_read_by_what_reads_it(block: Block) -> None:
    """A project's settings by the serverless plugin; a FilmDrop definition as the example's.

    How the linter is run elsewhere names what is there: the hook's id, the command's options.
    """
    value = yaml.safe_load(block.text)
    if block.file == "docs/workflows/checking.md":
        hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
        known = [*(each["id"] for each in hooks), "cirrus-callbacks lint --sarif"]
        assert any(each in block.text for each in known)
    elif "custom" in value:
        assert ServerlessSettings.from_project(value["custom"]).workflows
    else:
        example = ROOT / "examples/filmdrop/workflows/mosaic/definition.yaml"
        assert value == yaml.safe_load(example.read_text())


@pytest.mark.parametrize("block", _of(Kind.TOML))
def test_a_folders_settings_are_read(block: Block, tmp_path: Path) -> None:
    """Every key is one that ``cirrus-callbacks local`` knows, and all of them are shown."""
    assert block.title is not None
    (tmp_path / block.title).write_text(block.text)
    read = FolderSettings.read(tmp_path)
    assert all((read.queue, read.payloads, read.variables, read.workflows))


@pytest.mark.parametrize("block", _of(Kind.PYTHON))
def test_python_compiles(block: Block) -> None:
    """And runs: a function with its page's folder, tests in test_testing_page.py."""
    compile(block.text, block.name, "exec")
    if block.file == "docs/testing.md":
        assert "\ndef test_" in f"\n{block.text}"
        return
    assert block.is_file
    assert block.title is not None
    assert block.title.startswith("functions/")


@pytest.mark.parametrize("block", _of(Kind.DIAGRAM))
def test_a_diagram_is_of_a_kind_that_mermaid_draws(block: Block) -> None:
    """Its first word; what follows is looked at by people."""
    assert block.text.split()[0] in ("flowchart", "graph", "sequenceDiagram", "stateDiagram-v2")


@pytest.mark.parametrize("block", _of(Kind.TEXT))
def test_a_text_is_no_command(block: Block) -> None:
    """A command in the clothes of a text would not be run."""
    assert not re.search(r"^\s*(\$|cirrus-callbacks|make|terraform|pip) ", block.text, re.MULTILINE)


def test_the_example_page_quotes_the_example() -> None:
    """Each field that it shows stands so in the example's state machine."""
    machine = json.loads((ROOT / "examples/mosaic/workflows/mosaic.asl.json").read_text())
    quoted = [
        field
        for block in BLOCKS
        if block.file == "docs/workflows/example.md" and kind_of(block) is Kind.FIELDS
        for field in json.loads(f"{{{block.text}}}").items()
    ]
    assert quoted
    there = list(_fields(machine))
    assert [field for field in quoted if field not in there] == []


def _fields(value: Any) -> list[tuple[str, Any]]:
    if isinstance(value, dict):
        return [*value.items(), *(each for inner in value.values() for each in _fields(inner))]
    return [each for inner in value for each in _fields(inner)] if isinstance(value, list) else []
