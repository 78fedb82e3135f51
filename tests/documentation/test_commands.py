"""Every command that README and docs show is run, or stands in the list with the reason.

The same command in the same folder is run once, on whichever pages it stands. Those of an
operator run against one local stack, started as the runbook says: with ``update-state`` and the
reconciler broken.
"""

from __future__ import annotations

import json
import re
import shlex
import signal
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import pytest
import tomllib
from listed import entry_of
from packaging.requirements import Requirement
from page_folder import README, write

from cirrus_callbacks_plugin.cli.commands import commands as command_line
from cirrus_callbacks_plugin.naming import is_join_id
from support.command_line import COMMAND, CommandLine, start
from support.dist_zip import write_dist
from support.fenced_blocks import ROOT, Block, blocks, pages

if TYPE_CHECKING:
    from collections.abc import Iterator

RUNBOOK = "docs/runbook.md"
OPERATORS = {
    "waits",
    "show",
    "settle",
    "resend",
    "cancel",
    "redrive",
    "reconcile",
    "stats",
    "graph",
    "doctor",
}
PROGRAM = "cirrus-callbacks"
BUILDS = ("cirrus-lambda-dist.zip", "cirrus-with-callbacks.zip")


@dataclass(frozen=True, slots=True)
class Shown:
    """A command on a page."""

    block: Block
    text: str

    @property
    def words(self) -> list[str]:
        """As a shell splits it."""
        return shlex.split(self.text)


def _shown() -> list[Shown]:
    seen: dict[tuple[str, str], Shown] = {}
    all_blocks = blocks()
    with_files = {block.file for block in all_blocks if block.is_file}
    for block in all_blocks:
        folder = block.file if block.file in with_files else README
        for text in block.commands:
            is_listed = entry_of(block, text) is not None
            seen.setdefault((block.file if is_listed else folder, text), Shown(block, text))
    return list(seen.values())


SHOWN = _shown()


def _is_operators(shown: Shown) -> bool:
    return shown.words[0] == PROGRAM and shown.words[1] in OPERATORS


def _is_stack(shown: Shown) -> bool:
    return shown.words[:2] == [PROGRAM, "local"] and "--port" in shown.words


def _params(shown: list[Shown]) -> list[Any]:
    return [pytest.param(each, id=f"{each.block.file}:{each.text}") for each in shown]


UNLISTED = [each for each in SHOWN if entry_of(each.block, each.text) is None]
BY_STACK = [each for each in UNLISTED if _is_operators(each)]
STACK = [each for each in UNLISTED if _is_stack(each) or each.words[0] == "export"]
PROGRAMS = [
    each
    for each in UNLISTED
    if each.words[0] == PROGRAM and each not in BY_STACK and each not in STACK
]
MAKE = [each for each in UNLISTED if each.words[0] == "make"]
PIP = [each for each in UNLISTED if each.words[:2] == ["pip", "install"]]
SHELL = [each for each in UNLISTED if each.words[0] in ("echo", "eval")]


def test_every_command_is_run_or_listed() -> None:
    """What no test below takes must stand in the list."""
    taken = [*BY_STACK, *STACK, *PROGRAMS, *MAKE, *PIP, *SHELL]
    left = [each for each in UNLISTED if each not in taken]
    assert [f"{each.block.name}: {each.text}" for each in left] == []
    assert all((BY_STACK, STACK, PROGRAMS, MAKE, PIP, SHELL))


@pytest.mark.parametrize("shown", _params(MAKE))
def test_make_has_the_target(shown: Shown) -> None:
    """``make`` knows what to do; that it works is what the other tests are about."""
    ran = subprocess.run(
        ["make", "--dry-run", *shown.words[1:]],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ran.returncode == 0, ran.stderr


WHEEL = re.compile(r"(?P<name>\w+)-(?P<version>[\d.]+)-py3-none-any\.whl(?P<extras>\[.+\])")


@pytest.mark.parametrize("shown", _params(PIP))
def test_pip_installs_what_there_is(shown: Shown) -> None:
    """The distribution's name and extras are those of pyproject.toml."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for word in shown.words[2:]:
        if word in ("-r", "requirements.txt"):  # which the page fills with the name
            continue
        wheel = WHEEL.fullmatch(word)
        if wheel:  # by its file's name, which has the version
            assert wheel["version"] == project["version"]
            word = f"{wheel['name'].replace('_', '-')}{wheel['extras']}"  # noqa: PLW2901
        requirement = Requirement(word)
        if requirement.url is not None:
            assert requirement.url.endswith(f"{project['name']}@v{project['version']}")
        assert requirement.name == project["name"]
        assert requirement.extras <= set(project["optional-dependencies"])


@pytest.mark.parametrize("shown", _params(SHELL))
def test_a_shell_command_works(shown: Shown, tmp_path: Path) -> None:
    """In bash, with the command on PATH."""
    ran = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", shown.text],
        cwd=tmp_path,
        env={"PATH": f"{Path(COMMAND).parent}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (ran.returncode, ran.stderr) == (0, "")


@pytest.fixture(scope="session")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Cirrus's dist zip, without what cirrus needs: how it is deployed is shown, not run."""
    return write_dist(tmp_path_factory.mktemp("dist") / BUILDS[0], {"cirrus-geo"})


@pytest.mark.e2e
@pytest.mark.parametrize("shown", _params(PROGRAMS))
def test_a_command_works(
    shown: Shown,
    cli: CommandLine,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> None:
    """In the folder that its page describes, with the zips that it names."""
    write(shown.block.file, tmp_path)
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    (tmp_path / "cloudformation/core/lambda-packages").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    words = [word for each in shown.words[1:] for word in _expanded(each)]
    if words[0] == "package" and BUILDS[0] in shown.text:
        Path(BUILDS[0]).write_bytes(request.getfixturevalue("dist").read_bytes())
    if words[:2] == ["package", "--check"]:
        Path("dist.zip").write_bytes(request.getfixturevalue("dist").read_bytes())
        assert cli("package", "--cirrus-dist", "dist.zip", "-o", words[2]).status == 0
    ran = cli(*words)
    assert ran.status == 0, ran.out + ran.err
    if "-o" in words:
        assert Path(words[words.index("-o") + 1]).stat().st_size > 0


def _expanded(word: str) -> list[str]:
    """As a shell does it in the current folder."""
    found = sorted(str(path) for path in Path().glob(word)) if "*" in word else []
    return found or [word]


@dataclass(frozen=True, slots=True)
class Practice:
    """A stack as the runbook starts it."""

    variables: dict[str, str]
    payload_id: str


def _variables(port: int) -> dict[str, str]:
    exported = [word for each in STACK if each.words[0] == "export" for word in each.words[1:]]
    variables = dict(word.partition("=")[::2] for word in exported)
    return {name: value.replace("4599", str(port)) for name, value in variables.items()}


@pytest.fixture(scope="module")  # to the end of the session it would take its share of a core
def practice() -> Iterator[Practice]:
    """The runbook's stack, in a process of its own, with waits that are stuck."""
    (command,) = [each for each in STACK if _is_stack(each)]
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    words = [str(port) if word == "4599" else word for word in command.words[1:]]
    words[1] = str(ROOT / words[1])
    process = start(*words)
    try:
        variables = _variables(port)
        yield Practice(variables, _first_wait(variables, process))
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)


def _first_wait(variables: dict[str, str], process: subprocess.Popen[str]) -> str:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        assert process.poll() is None, process.communicate()
        ran = subprocess.run(
            [COMMAND, "waits", "--json"],
            env={"PATH": "/usr/bin:/bin", **variables},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        listed = json.loads(ran.stdout)["waits"] if ran.returncode == 0 else []
        ids = [str(each["payload_id"]) for each in listed]
        for payload_id in ids:
            if not is_join_id(payload_id):  # a join has no child that could be stopped with it
                return payload_id
        time.sleep(0.5)
    raise AssertionError("no wait was registered on the runbook's stack")


@pytest.mark.e2e
@pytest.mark.xdist_group("documentation-practice")
@pytest.mark.parametrize("shown", _params(BY_STACK))
def test_an_operators_command_works(
    shown: Shown,
    practice: Practice,
    cli: CommandLine,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """By the environment that the runbook sets: it ends with 0, or 1 where something is amiss.

    ``NAME`` is what the runbook says.
    """
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(click, "confirm", lambda *_, **__: True)
    for name, value in practice.variables.items():
        monkeypatch.setenv(name, value)
    named = {"PAYLOAD_ID": practice.payload_id, "NAME": "cirrus-local"}
    words = [named.get(word, word) for word in shown.words[1:]]
    ran = cli(*words)
    assert ran.status in (0, 1), ran.out + ran.err
    assert "Traceback" not in ran.err


def _inline() -> list[tuple[str, str]]:
    """Commands within a sentence, by page."""
    found: list[tuple[str, str]] = []
    for page in pages():
        text = re.sub(r"```.*?```", "", (ROOT / page).read_text(encoding="utf-8"), flags=re.DOTALL)
        codes = re.findall(r"`(cirrus-callbacks [^`]+)`", text)
        found += [(page, " ".join(code.split())) for code in codes]
    return found


@pytest.mark.parametrize(("page", "text"), _inline())
def test_a_command_in_a_sentence_exists(page: str, text: str) -> None:
    """Its name and its options are the command line's."""
    _, name, *words = text.split()
    command = command_line.get_command(click.Context(command_line), name)
    assert command is not None
    known = {option for each in command.params for option in (*each.opts, *each.secondary_opts)}
    assert {word for word in words if word.startswith("-")} <= known | {"--help"}


@pytest.mark.parametrize("name", ["local", "lint"])
def test_every_option_is_explained(name: str) -> None:
    """Those of ``local`` and ``lint``, in the tables of their page; of several names, one."""
    command = command_line.get_command(click.Context(command_line), name)
    assert command is not None
    text = (ROOT / "docs/local.md").read_text(encoding="utf-8")
    shared = {"--region", "--profile", "--endpoint-url", "--explain", "--rules"}
    options = [each.opts for each in command.params if isinstance(each, click.Option)]
    left = [each for each in options if not any(f"`{option}" in text for option in each)]
    assert [each for each in left if not shared & set(each)] == []
