"""What cirrus 0.15 finds by the entry points, in this process: settings and bad input."""

from __future__ import annotations

import importlib
import json
import logging
from typing import TYPE_CHECKING, Any

import pytest

from support.generation import IS_OLDEST, PREDECESSOR

if not PREDECESSOR or IS_OLDEST:
    pytest.skip("the command of cirrus 0.15 runs where it is installed", allow_module_level=True)

from cirrus_callbacks_plugin.config import EnabledWorkflows
from cirrus_callbacks_plugin.sender.filters import filter_patterns
from cirrus_callbacks_plugin.serverless import documents, names, plugin

if TYPE_CHECKING:
    from pathlib import Path

ANY_WORKFLOW = filter_patterns(EnabledWorkflows.parse(""))[1]

pytestmark = pytest.mark.filterwarnings("ignore:pkg_resources:UserWarning")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An initialised project."""
    project = importlib.import_module("cirrus.core.project")
    monkeypatch.chdir(tmp_path)
    project.Project.new(tmp_path)
    return tmp_path


def configure(folder: Path, *lines: str) -> None:
    """Settings under ``custom.callbacks``."""
    path = folder / "cirrus.yml"
    path.write_text(path.read_text() + "".join(f"  {line}\n" for line in lines))


def build(folder: Path) -> dict[str, Any]:
    """Build it; return its ``serverless.yml``."""
    project = importlib.import_module("cirrus.core.project").Project(folder)
    project.build()
    return documents.load(folder / ".cirrus" / "build" / "serverless.yml")


def patterns(built: dict[str, Any]) -> list[dict[str, Any]]:
    """The stream's filter patterns."""
    mapping = built["resources"]["Resources"][names.MAPPING]["Properties"]
    return [json.loads(each["Pattern"]) for each in mapping["FilterCriteria"]["Filters"]]


def variables(built: dict[str, Any], name: str) -> dict[str, Any]:
    """A function's environment."""
    environment: dict[str, Any] = built["functions"][name]["environment"]
    return environment


def test_settings_reach_functions_and_resources(folder: Path) -> None:
    """Each setting is in force where it belongs."""
    configure(
        folder,
        "callbacks:",
        "  workflows: '*'",
        "  retentionDays: 7",
        "  graceSeconds: 600",
        "  redeliverySeconds: 1200",
        "  heartbeat: true",
        "  schedule: rate(10 minutes)",
        "  deletionProtection: false",
    )
    built = build(folder)
    sender, reconciler = (variables(built, name) for name in (names.SENDER, names.RECONCILER))
    assert sender["CIRRUS_CALLBACKS_WORKFLOWS"] == "*"
    assert sender["CIRRUS_CALLBACKS_RETENTION_DAYS"] == "7"
    assert reconciler["CIRRUS_CALLBACKS_GRACE_SECONDS"] == "600"
    assert reconciler["CIRRUS_CALLBACKS_REDELIVERY_SECONDS"] == "1200"
    assert reconciler["CIRRUS_CALLBACKS_INTERVAL_SECONDS"] == "600"
    assert reconciler["CIRRUS_CALLBACKS_HEARTBEAT"] == "true"
    actions = built["functions"][names.RECONCILER]["iamRoleStatements"][0]["Action"]
    assert "states:SendTaskHeartbeat" in actions
    resources = built["resources"]["Resources"]
    assert resources[names.SCHEDULE]["Properties"]["ScheduleExpression"] == "rate(10 minutes)"
    assert resources[names.TABLE]["Properties"]["DeletionProtectionEnabled"] is False
    assert len(patterns(built)) == 1


def test_without_settings_nothing_may_be_waited_for(folder: Path) -> None:
    """The flag is off until it is set: every new row is handed to the sender, to be refused."""
    built = build(folder)
    assert "CIRRUS_CALLBACKS_WORKFLOWS" not in variables(built, names.SENDER)
    assert patterns(built)[1] == ANY_WORKFLOW


def test_a_flag_that_serverless_knows_is_left_to_the_sender(folder: Path) -> None:
    """A variable is known at deployment only: until then the filter lets new rows through."""
    configure(folder, "callbacks:", "  workflows: ${opt:waited-for, ''}", "  graceSeconds: ${x:y}")
    built = build(folder)
    assert variables(built, names.SENDER)["CIRRUS_CALLBACKS_WORKFLOWS"] == "${opt:waited-for, ''}"
    assert variables(built, names.RECONCILER)["CIRRUS_CALLBACKS_GRACE_SECONDS"] == "${x:y}"
    assert patterns(built)[1] == ANY_WORKFLOW


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        (["callbacks:", "  workflow: a"], "workflow is not a setting; there are workflows, "),
        (["callbacks: [a]"], "give settings by name"),
        (["callbacks:", "  workflows: {a: true}"], "give a list of workflow names"),
        (["callbacks:", "  workflows: [1]"], "give a list of workflow names"),
        (["callbacks:", "  heartbeat: maybe"], "heartbeat: give true or false"),
        (["callbacks:", "  schedule: hourly"], "is not an EventBridge schedule"),
        (["callbacks:", "  retentionDays: 0"], "CIRRUS_CALLBACKS_RETENTION_DAYS='0'"),
        (["callbacks:", "  graceSeconds: soon"], "CIRRUS_CALLBACKS_GRACE_SECONDS='soon'"),
    ],
)
def test_a_wrong_setting(folder: Path, lines: list[str], says: str) -> None:
    """Cirrus's command shows the one message and exits with 2; nothing is built."""
    configure(folder, *lines)
    exceptions = importlib.import_module("cirrus.core.exceptions")
    with pytest.raises(exceptions.CirrusError) as caught:
        build(folder)
    assert says in str(caught.value)
    assert str(caught.value).startswith("cirrus-callbacks-plugin: custom.callbacks")
    assert caught.value.exit_code == 2
    assert not (folder / ".cirrus" / "build" / "serverless.yml").exists()


def test_a_schedule_by_cron_has_no_interval(folder: Path) -> None:
    """The reconciler then takes the default for it."""
    configure(folder, "callbacks:", "  schedule: cron(0/10 * * * ? *)")
    told = variables(build(folder), names.RECONCILER)
    assert told["CIRRUS_CALLBACKS_INTERVAL_SECONDS"] == "300"


@pytest.mark.parametrize("version", ["0.6.0", "0.14.0", "1.3.2", "main"])
def test_a_cirrus_that_is_not_supported(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    version: str,
) -> None:
    """The message names what was found and what is supported."""
    monkeypatch.setattr(plugin.metadata, "version", lambda name: version)
    exceptions = importlib.import_module("cirrus.core.exceptions")
    with pytest.raises(exceptions.CirrusError) as caught:
        build(folder)
    assert f"cirrus-geo {version} builds this project" in str(caught.value)
    assert "cirrus-geo 0.15.4" in str(caught.value)
    assert caught.value.exit_code == 2


def test_a_function_of_the_projects_own_is_pointed_out(
    folder: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Cirrus prefers the project's: the build says what to run, unless it is wrapped already."""
    bare = importlib.import_module("cirrus.builtins").__path__[0]
    for name in names.WRAPPED.values():
        own = folder / "functions" / name
        own.mkdir()
        for file in ("definition.yml", "lambda_function.py"):
            text = (type(folder)(bare) / "functions" / name / file).read_text()
            (own / file).write_text(text)
    by_hand = "from cirrus_callbacks_plugin.lambda_functions.process import lambda_handler\n"
    (folder / "functions" / "process" / "lambda_function.py").write_text(by_hand)
    with caplog.at_level(logging.WARNING, "cirrus_callbacks_plugin"):
        built = build(folder)
    told = [r.getMessage() for r in caplog.records if r.name.startswith("cirrus_callbacks")]
    assert len(told) == 1
    assert told[0].startswith("functions/update-state of this project")
    assert "--build-dir .cirrus" in told[0]
    assert built["functions"]["update-state"]["handler"] == "lambda_function.lambda_handler"


def test_a_function_that_runs_from_an_image(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing can be put beside it: the message says what to do instead."""
    definition = {"lambda": {"image": "own"}}
    monkeypatch.setattr(plugin.documents, "of_cirrus_file", lambda path: definition)
    exceptions = importlib.import_module("cirrus.core.exceptions")
    with pytest.raises(exceptions.CirrusError, match="runs from an image"):
        build(folder)


def test_a_cirrus_without_the_function(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is nothing to wrap: the message says which is missing."""
    plugins = importlib.import_module("cirrus.core.utils.plugins")
    monkeypatch.setattr(plugins, "iter_resources", list)
    with pytest.raises(plugin.ServerlessProjectError, match="no function 'process'"):
        plugin._source_of("process")


def test_the_folder_is_made_once_for_a_project(folder: Path) -> None:
    """Cirrus asks for it group by group; another project gets another."""
    projects = importlib.import_module("cirrus.core.project")
    projects.Project(folder)
    first = plugin.resources.__path__
    assert plugin.resources.__path__ == first
    projects.Project(folder)
    assert plugin.resources.__path__ != first


def test_the_commands_are_below_cirruss_own(capsys: pytest.CaptureFixture[str]) -> None:
    """``cirrus callbacks`` has them all; a mistake is one message and status 2."""
    commands = importlib.import_module("cirrus_callbacks_plugin.cli.below_cirrus")
    cli = importlib.import_module("cirrus.cli.commands").cli
    assert cli.commands["callbacks"] is commands.callbacks
    with pytest.raises(SystemExit) as ended:
        commands.callbacks.main(["package", "--build-dir", "/nowhere"], "callbacks")
    assert ended.value.code == 2
    assert capsys.readouterr().err == "Error: /nowhere: there is no such folder\n"
    with pytest.raises(SystemExit) as ended:
        commands.callbacks.main(["package", "--help"], "callbacks")
    assert ended.value.code == 0
