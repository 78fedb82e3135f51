"""Bad input: one clear message that names the file or the variable, exit status 2."""

from __future__ import annotations

import importlib.util
import socket
from importlib import metadata
from typing import TYPE_CHECKING, Any

import pytest

from support.command_line import CHILD, PARENT, Folder, payload

if TYPE_CHECKING:
    from support.command_line import CommandLine, Ran

pytestmark = pytest.mark.e2e


def _with(state: dict[str, Any], name: str = "Only", **top: Any) -> dict[str, Any]:
    return {"StartAt": name, "States": {name: {"End": True, **state}}, **top}


def _task(resource: str) -> dict[str, Any]:
    return _with({"Type": "Task", "Resource": resource})


def _refused(ran: Ran, *names: str) -> None:
    assert ran.status == 2
    assert ran.out == ""
    assert ran.err.startswith("cirrus-callbacks: ")
    assert ran.err.count("\n") == 1
    for name in names:
        assert name in ran.err
    assert "Traceback" not in ran.err


def test_a_folder_that_is_not_there(cli: CommandLine, folder: Folder) -> None:
    """The message names the folder."""
    _refused(cli("local", folder.root / "nowhere"), "nowhere is not a folder")


def test_a_folder_without_workflows(cli: CommandLine, folder: Folder) -> None:
    """The message says where workflows belong."""
    _refused(cli("local", folder.root / "payloads"), "payloads has no workflows", ".asl.json")


def test_a_folder_without_payloads(cli: CommandLine, folder: Folder) -> None:
    """The message says where payloads belong."""
    (folder.root / "payloads/1.json").unlink()
    _refused(cli("local", folder.root), "has no payloads", "payloads/*.json")


@pytest.mark.parametrize(
    ("definition", "names"),
    [
        ("{", ["is not valid JSON", "line 1"]),
        ([], ["holds no state machine"]),
        (_with({"Type": "Passs"}), ["line 1", "'Only'", "'Passs'", "one of Pass, Task"]),
        (_with({"Type": "Pass"}, QueryLanguage="XPath"), ["'XPath'", "JSONata"]),
        (
            _with({"Type": "Pass", "Output": "{% $eval('1') %}"}, QueryLanguage="JSONata"),
            ["'Only'", "Output", "$eval", "$parse"],
        ),
        (_with({"Type": "Map", "ItemBatcher": {}}), ["'Only'", "ItemBatcher"]),
        (
            _with({"Type": "Map", "ToleratedFailurePercentage": 5}),
            ["'Only'", "ToleratedFailurePercentage"],
        ),
        (
            _with({"Type": "Pass", "Parameters": {"id.$": "$.features[::2]"}}),
            ["is not valid Amazon States Language", "'$.features[::2]'", "slice"],
        ),
        (
            _with({"Type": "Pass", "Parameters": {"id.$": "States.Arary(1)"}}),
            ["'States.Arary'", "States.ArrayLength"],
        ),
        (
            _with({"Type": "Pass", "ResultPath": "$.features[*].id"}),
            ["'Only'", "ResultPath", "Reference Path"],
        ),
        (
            _with(
                {
                    "Type": "Map",
                    "ItemProcessor": CHILD,
                    "ItemReader": {"ReaderConfig": {"InputType": "PARQUET"}},
                }
            ),
            ["'Only'", "PARQUET", "JSONL"],
        ),
        (
            _task("arn:aws:states:::batch:submitJob.sync"),
            ["'Only'", "arn:aws:states:::batch:submitJob.sync", "'batch'"],
        ),
        (_task("arn:aws:states:::ecs:runTask.sync"), ["'Only'", "'ecs'"]),
        (_task("arn:aws:states:::glue:startJobRun.sync"), ["'Only'", "'glue'"]),
        (_task("arn:aws:states:::aws-sdk:rekognition:detectLabels"), ["aws-sdk:rekognition"]),
        (_task("arn:aws:states:us-west-2:123456789012:activity:dig"), ["'Only'", "activity"]),
        (_task("work"), ["'Only'", "'work'", "is not an ARN"]),
        ({"StartAt": "Gone", "States": CHILD["States"]}, ["'Gone'", "not a state of it"]),
        (_with({"Type": "Pass", "Next": "Gone"}), ["'Only'", "'Gone'", "not a state beside it"]),
        (
            (
                '{"StartAt": "A", "States": {\n"B": {"Type": "Pass", "Next": "A"},\n'
                '"A": {"Type": "Pass", "Next": "B"}}}'
            ),
            ["line 1", "the state machine with no end"],
        ),
        (
            (
                '{"StartAt": "A", "States": {"A": {"Type": "Pass",\n"Next": "B"},\n'
                '"B": {"Type": "Pass", "Next": "Gone"}}}'
            ),
            ["line 3", "'B' go on to 'Gone'"],
        ),
        (
            (
                '{"StartAt": "A", "States": {"A": {"Type": "Pass",\n"Next": "B"},\n'
                '"B": {"Type": "Pass"}}}'
            ),
            ["line 3", "'B' without Next"],
        ),
        (
            (
                '{"StartAt": "A", "States": {"A": {"Type": "Pass", "End": true},\n'
                '"A": {"Type": "Succeed"}}}'
            ),
            ["line 2", "the key 'A' twice", "first in line 1"],
        ),
        (
            (
                '{"StartAt": "A", "States": {"A": {"Type": "Map", "End": true,\n'
                '"ItemProcessor": {"StartAt": "A", "States": {\n"A": {"Type": "Succeed"}}}}}}'
            ),
            ["line 3", "2 states called 'A'"],
        ),
        (
            '\n{"StartAt": "A", "TimeoutSeconds": 0,\n"States": {"A": {"Type": "Succeed"}}}',
            ["line 2", "TimeoutSeconds 0"],
        ),
        (
            _task("${other}"),
            ["line 1", "'${other}'", "process_queue_url", "--var other=VALUE"],
        ),
        (_task("%{ if true }"), ["line 1", "'%{'"]),
        ('\n{"StartAt": "A", "States": {"A": {"Type": "${x"}}}', ["line 2", "not closed"]),
        ('\n{"StartAt": "A", "States": {"A": {"Type": "${upper(x)}"}}}', ["line 2", "--var"]),
    ],
)
def test_a_state_machine_that_cannot_run(
    cli: CommandLine,
    folder: Folder,
    definition: Any,
    names: list[str],
) -> None:
    """The message names the file, the state and what of it cannot run here."""
    folder.write("workflows/child.asl.json", definition)
    _refused(cli("local", folder.root), "workflows/child.asl.json", *names)


def test_a_problem_deep_inside(cli: CommandLine, folder: Folder) -> None:
    """States of Map and Parallel are looked at, too."""
    inner = _task("arn:aws:states:::batch:submitJob")
    parallel = _with({"Type": "Parallel", "Branches": [inner]}, "Outer")
    folder.write(
        "workflows/child.asl.json",
        _with({"Type": "Map", "ItemProcessor": parallel}, "Outermost"),
    )
    _refused(cli("local", folder.root), "workflows/child.asl.json", "'batch'")


@pytest.mark.parametrize(
    ("content", "names"),
    [
        ("{'type': 1}", ["is not JSON", "line 1"]),
        ([payload()], ["must hold one JSON object"]),
        ({"type": "FeatureCollection"}, ["cirrus refuses"]),
        ({**payload(), "process": []}, ["cirrus refuses"]),
        ({"url": "s3://bucket/key.json"}, ["objects/bucket/key.json", "not in this folder"]),
        ({"url": 7}, ["not in this folder"]),
        ({"Payload": payload(), "TaskToken": "token"}, ["cirrus refuses"]),
        (payload("nowhere"), ["'nowhere'", "add workflows/nowhere.asl.json"]),
        (payload(["child"]), ["process[0].workflow must be a text"]),
        ({**payload(), "extra": float("nan")}, ["is not JSON", "nan"]),
        ("[" * 100_000, ["nested too deeply"]),
    ],
)
def test_a_payload_that_cannot_be_sent(
    cli: CommandLine,
    folder: Folder,
    content: Any,
    names: list[str],
) -> None:
    """The message names the file and gives cirrus's reason."""
    folder.write("payloads/1.json", content)
    _refused(cli("local", folder.root), "payloads/1.json", *names)


def test_a_file_that_is_no_text(cli: CommandLine, folder: Folder) -> None:
    """The message names the file."""
    (folder.root / "payloads/1.json").write_bytes(b"\xff\xfe")
    _refused(cli("local", folder.root), "payloads/1.json", "cannot be read")


def test_a_function_that_does_not_import(cli: CommandLine, folder: Folder) -> None:
    """It is refused before anything is sent; the message names it and what it lacks."""
    folder.write("functions/work.py", "import rasterio_of_old")
    ran = cli("local", folder.root, "--json")
    _refused(ran, "functions/work.py", "does not import", "rasterio_of_old", "install")


def test_an_object_outside_of_a_bucket(cli: CommandLine, folder: Folder) -> None:
    """The message says where objects belong."""
    folder.write("objects/lost.json", {})
    _refused(cli("local", folder.root), "objects/lost.json", "objects/BUCKET/KEY")


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("CIRRUS_STATE_DB", "statedb"),
        ("CIRRUS_CALLBACKS_RETENTION_DAYS", "soon"),
        ("CIRRUS_CALLBACKS_PROCESS_HANDLER", "nowhere.handler"),
    ],
)
def test_a_variable_that_is_wrong(
    cli: CommandLine,
    folder: Folder,
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
    value: str,
) -> None:
    """The message names the variable; CIRRUS_STATE_DB has no name to derive a table's from."""
    monkeypatch.setenv(variable, value)
    _refused(cli("local", folder.root, "--json"), variable, value)


def test_no_cirrus(
    cli: CommandLine,
    folder: Folder,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Without cirrus the message says what is missing, and which one is supported."""
    from cirrus_callbacks_plugin.cirrus import installed

    find_spec, distributions = importlib.util.find_spec, metadata.distributions
    monkeypatch.setattr(
        importlib.util,
        "find_spec",
        lambda name, *rest: None if name.startswith("cirrus.") else find_spec(name, *rest),
    )
    monkeypatch.setattr(
        metadata,
        "distributions",
        lambda **given: [] if given["name"].startswith("cirrus-") else distributions(**given),
    )
    installed.adapter.cache_clear()
    try:
        _refused(cli("local", folder.root), "No cirrus is installed")
    finally:
        installed.adapter.cache_clear()


@pytest.mark.parametrize(
    ("extra", "module"),
    [("cli", "click"), ("local", "moto"), ("local", "aws_lambda_powertools")],
)
def test_a_missing_extra_is_named(
    cli: CommandLine,
    folder: Folder,
    monkeypatch: pytest.MonkeyPatch,
    extra: str,
    module: str,
) -> None:
    """A command whose extra is missing says how to install it."""
    from cirrus_callbacks_plugin.cli import extras

    real = extras.find_spec
    monkeypatch.setattr(extras, "find_spec", lambda name: None if name == module else real(name))
    ran = cli("local", folder.root)
    _refused(ran, module, f"pip install 'cirrus-callbacks-plugin[{extra}]'")


@pytest.mark.parametrize(
    "option",
    [
        ("--timeout", "0"),
        ("--timeout", "soon"),
        ("--prefix", "Not_A_Bucket"),
        ("--var", "novalue"),
        ("--nothing",),
    ],
)
def test_an_option_that_is_wrong(
    cli: CommandLine,
    folder: Folder,
    option: tuple[str, ...],
) -> None:
    """The message names the option; exit status 2."""
    ran = cli("local", folder.root, *option)
    assert (ran.status, ran.out) == (2, "")
    assert option[0] in ran.err


def test_a_port_that_is_taken(cli: CommandLine, folder: Folder) -> None:
    """The message names it, and the option."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        _refused_late(cli("local", folder.root, "--json", "--port", port), port, "--port")


def _refused_late(ran: Ran, *names: str) -> None:
    assert ran.status == 2
    assert all(name in ran.err for name in names)
    assert "Traceback" not in ran.err


def test_the_folder_under_test_is_good(cli: CommandLine, folder: Folder) -> None:
    """What the tests above break is otherwise accepted."""
    from cirrus_callbacks_plugin.local import asl

    assert list(asl.problems(PARENT)) == list(asl.problems(CHILD)) == []
