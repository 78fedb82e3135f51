"""``cirrus-callbacks lint``: output and exit status."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from cirrus_callbacks_plugin.lint.rules import RULES
from support.command_line import CommandLine
from support.linted import attribute, send

if TYPE_CHECKING:
    from support.command_line import Ran

ROOT = Path(__file__).parents[3]
GOOD = send({}, {**attribute(), "cirrus-waiter-payload-id": {"DataType": "String"}})
BAD = send({}, attribute(), TimeoutSeconds=None)
WARNED = {**BAD, "TimeoutSeconds": 3600}
OTHER = send(Parameters={"QueueUrl": "${approvals}", "MessageBody": {"t.$": "$$.Task.Token"}})

RESULT = {
    "type": "object",
    "required": ["ruleId", "ruleIndex", "level", "message", "locations"],
    "properties": {
        "level": {"enum": ["none", "note", "warning", "error"]},
        "message": {"type": "object", "required": ["text"]},
        "locations": {"type": "array", "items": {"$ref": "#/$defs/location"}},
        "partialFingerprints": {"type": "object", "additionalProperties": {"type": "string"}},
    },
}
LOCATION = {
    "type": "object",
    "required": ["physicalLocation"],
    "properties": {
        "physicalLocation": {
            "type": "object",
            "required": ["artifactLocation"],
            "properties": {
                "artifactLocation": {
                    "type": "object",
                    "required": ["uri"],
                    "properties": {"uri": {"type": "string", "pattern": r"^[!-~]+$"}},
                },
                "region": {
                    "type": "object",
                    "required": ["startLine", "startColumn"],
                    "additionalProperties": {"type": "integer", "minimum": 1},
                },
            },
        },
        "logicalLocations": {"type": "array", "items": {"type": "object"}},
    },
    "additionalProperties": False,
}
SARIF: dict[str, Any] = {
    "$defs": {"location": LOCATION, "result": RESULT},
    "type": "object",
    "required": ["version", "runs"],
    "properties": {
        "version": {"const": "2.1.0"},
        "runs": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["tool", "results"],
                "properties": {
                    "results": {"type": "array", "items": {"$ref": "#/$defs/result"}},
                    "tool": {
                        "type": "object",
                        "required": ["driver"],
                        "properties": {"driver": {"type": "object", "required": ["name"]}},
                    },
                    "invocations": {
                        "type": "array",
                        "items": {"type": "object", "required": ["executionSuccessful"]},
                    },
                },
            },
        },
    },
}
"""What SARIF 2.1.0 requires of the parts that are used."""


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    """The command line in this process, a hundred columns wide."""
    monkeypatch.setenv("COLUMNS", "100")
    return CommandLine(capsys)


@pytest.fixture
def lint(cli: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Lint state machines, each in a file of its own."""
    monkeypatch.chdir(tmp_path)

    def run(*machines: Any, options: tuple[str, ...] = ()) -> Ran:
        names = []
        for number, machine in enumerate(machines):
            text = machine if isinstance(machine, str) else json.dumps(machine, indent=2)
            Path(f"m{number}.asl.json").write_text(text)
            names.append(f"m{number}.asl.json")
        return cli("lint", *options, *names)

    return run


@pytest.mark.parametrize(
    ("machines", "options", "status"),
    [
        ((GOOD,), (), 0),
        ((OTHER,), (), 0),
        ((BAD,), (), 1),
        ((WARNED,), (), 0),
        ((WARNED,), ("--fail-on", "warning"), 1),
        ((GOOD,), ("--fail-on", "note"), 1),
        ((BAD,), ("--ignore", "timeout"), 0),
        ((BAD, "{"), (), 2),
        (("{",), (), 2),
        (("{}",), (), 2),
    ],
)
def test_the_exit_status(
    lint: Any,
    machines: tuple[Any, ...],
    options: tuple[str, ...],
    status: int,
) -> None:
    """0 without errors, 1 with some, 2 where a file cannot be checked."""
    assert lint(*machines, options=options).status == status


def test_a_file_that_cannot_be_checked_hides_no_other(lint: Any) -> None:
    """The findings of the others are shown; the message has file, line and column."""
    ran = lint(BAD, '{\n"StartAt": 1,}')
    assert "timeout" in ran.out
    assert "1 file could not be checked" in ran.out
    assert ran.err == (
        "cirrus-callbacks: m1.asl.json:2:14: is not valid JSON: a comma may not stand before '}'\n"
    )


def test_a_state_machine_that_cannot_be_read_hides_no_other(lint: Any) -> None:
    """It is counted, named with its place, and the exit status says so."""
    kind = "AWS::Serverless::StateMachine"
    resources = {
        "Good": {"Type": kind, "Properties": {"Definition": GOOD}},
        "Bad": {"Type": kind, "Properties": {"DefinitionUri": "gone.asl.json"}},
    }
    ran = lint({"Resources": resources})
    assert ran.status == 2
    assert "1 wait in 1 file" in ran.out
    assert "1 state machine could not be read" in ran.out
    assert "m0.asl.json:" in ran.err
    assert "Resources.Bad.Properties.DefinitionUri was not checked" in ran.err
    ran = lint({"Resources": resources}, options=("--json",))
    assert [each["problem"].count("gone.asl.json") for each in ran.json["unread"]] == [1]
    log = lint({"Resources": resources}, options=("--sarif",)).json["runs"][0]
    assert log["invocations"][0]["executionSuccessful"] is False


def test_findings_of_a_named_file_are_placed_in_it(lint: Any, tmp_path: Path) -> None:
    """SAM's DefinitionUri: the lines are those of the file that it names."""
    (tmp_path / "parent.asl.json").write_text(json.dumps(BAD, indent=2))
    properties = {"DefinitionUri": "parent.asl.json"}
    resource = {"Type": "AWS::Serverless::StateMachine", "Properties": properties}
    ran = lint({"Resources": {"Parent": resource}}, options=("--json",))
    (error,) = [each for each in ran.json["findings"] if each["rule"] == "timeout"]
    assert (error["file"], error["line"]) == ("parent.asl.json", 4)
    assert error["state"] == "States.Wait"


def test_what_was_passed_over_is_said(lint: Any) -> None:
    """Waits for something else are counted, and listed in JSON."""
    assert "1 wait for something else passed over" in lint(OTHER).out
    (passed,) = lint(OTHER, options=("--json",)).json["passed_over"]
    assert passed["state"] == "States.Wait"
    assert passed["file"] == "m0.asl.json"
    assert "QueueUrl is not known" in passed["why"]


def test_json(lint: Any) -> None:
    """One object with stable keys, nothing else."""
    ran = lint(BAD, "{", options=("--json",))
    assert ran.status == 2
    assert set(ran.json) == {
        "files",
        "waits",
        "findings",
        "counts",
        "passed_over",
        "unusable",
        "unread",
    }
    (error,) = [each for each in ran.json["findings"] if each["severity"] == "error"]
    assert error == {
        "file": "m0.asl.json",
        "line": 4,
        "column": 5,
        "state": "States.Wait",
        "severity": "error",
        "rule": "timeout",
        "message": error["message"],
        "fix": error["fix"],
    }
    assert ran.json["unusable"][0]["line"] == 1
    assert ran.json["counts"]["error"] == 1


def test_sarif(lint: Any, tmp_path: Path) -> None:
    """A log as SARIF 2.1.0 requires it: every rule told, every finding placed."""
    odd = tmp_path / "with spaces é.json"
    odd.write_text(json.dumps(BAD))
    ran = lint(BAD, "{", options=("--sarif", str(odd), odd.name))
    log = ran.json
    jsonschema.validate(log, SARIF)
    (run,) = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == [rule.id for rule in RULES]
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
    places = {
        result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        for result in run["results"]
    }
    assert "m0.asl.json" in places
    assert any(uri.startswith("file:///") for uri in places)
    assert run["results"][0]["locations"][0]["logicalLocations"][0]["fullyQualifiedName"]
    (invocation,) = run["invocations"]
    assert invocation["executionSuccessful"] is False
    assert len(invocation["toolExecutionNotifications"]) == 1
    assert ran.status == 2


def test_a_fingerprint_outlives_lines_above(lint: Any) -> None:
    """The same finding, further down, is the same finding."""

    def prints(machine: Any) -> list[str]:
        (run,) = lint(machine, options=("--sarif",)).json["runs"]
        return [each["partialFingerprints"]["state/v1"] for each in run["results"]]

    assert prints(BAD) == prints(json.dumps({"Comment": "x", **BAD}, indent=8))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "Name the files"),
        (("--json", "--sarif", "x"), "one of --json and --sarif"),
        (("--ignore", "timout", "x"), "there is no rule timout: token"),
        (("--explain", "timout"), "no rule 'timout'"),
        (("--input", "nowhere.json", "x"), "nowhere.json cannot be read as JSON"),
        (("nowhere.json",), "nowhere.json: cannot be read: No such file"),
        (("--interval", "5", "x"), "60<=x<=86400"),
    ],
)
def test_bad_usage(cli: CommandLine, arguments: tuple[str, ...], words: str) -> None:
    """Exit status 2, and what to do."""
    ran = cli("lint", *arguments)
    assert ran.status == 2
    assert words in " ".join(ran.err.split())


def test_options_reach_the_rules(lint: Any, tmp_path: Path) -> None:
    """Workflows, heartbeats, schedule, queue and input."""
    example = tmp_path / "input.json"
    example.write_text(json.dumps({"scenes": [0] * 41}))
    inner = send({"process": [{"workflow": "b"}]}, attribute(), HeartbeatSeconds=30)
    machine = {
        "StartAt": "All",
        "States": {
            "All": {"Type": "Map", "ItemsPath": "$.scenes", "ItemProcessor": inner, "End": True},
        },
    }
    plain = lint(machine, OTHER, options=("--json",)).json
    assert plain["waits"] == 1
    options = ("--workflows", "a, c", "--no-heartbeats", "--input", str(example))
    told = lint(machine, OTHER, options=(*options, "--queue", "approvals", "--json")).json
    assert told["waits"] == 2
    messages = " ".join(each["message"] for each in told["findings"])
    assert "only a, c" in messages
    assert "sends no heartbeats" in messages
    assert "waits for 41 items" in messages
    open_to_all = lint(machine, options=("--workflows", "*", "--json")).json
    assert "workflow-flag" not in {each["rule"] for each in open_to_all["findings"]}
    slow = lint(machine, options=("--heartbeats", "--interval", "600", "--json")).json
    assert "runs every 600 s" in " ".join(each["message"] for each in slow["findings"])


def test_rules_are_listed_and_told(cli: CommandLine) -> None:
    """``--rules`` has them all; ``--explain`` tells one, examples and all."""
    listed = cli("lint", "--rules")
    assert all(re.search(rf"^{rule.id} ", listed.out, re.MULTILINE) for rule in RULES)
    told = cli("lint", "--explain", "retry-final")
    assert told.status == 0
    assert '"MaxAttempts": 0' in told.out


def test_text_of_a_file_cannot_steer_the_terminal(lint: Any) -> None:
    """Control characters and markup in names are shown, not obeyed."""
    name = "[red]\x1b[2J\u202e"
    machine = {"StartAt": name, "States": {name: BAD["States"]["Wait"]}}
    ran = lint(machine)
    assert "\x1b" not in ran.out
    assert "[red]" in ran.out
    assert r"\x1b" in ran.out


def test_the_examples_of_the_repository_have_no_errors(cli: CommandLine) -> None:
    """What people copy from is sound."""
    files = [*ROOT.glob("examples/**/*.asl.json"), *ROOT.glob("examples/*/workflows/*/*.json")]
    assert files
    ran = cli("lint", "--json", *files)
    assert ran.status == 0
    assert ran.json["counts"]["error"] == 0
