"""A serverless project, from an empty folder, with cirrus's own command."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
UV = ROOT / ".tools" / "bin" / "uv"

PARENT = """\
name: ${self:service}-${self:provider.stage}-mosaic
definition:
  StartAt: WaitForScene
  States:
    WaitForScene:
      Type: Task
      Resource: arn:aws:states:::sqs:sendMessage.waitForTaskToken
      Parameters:
        QueueUrl: !Ref ProcessQueue
        MessageBody.$: $.child
        MessageAttributes:
          cirrus-task-token:
            DataType: String
            StringValue.$: $$.Task.Token
      TimeoutSeconds: 7200
      End: true
"""
CHILD = """\
name: ${{self:service}}-${{self:provider.stage}}-{name}
definition:
  StartAt: End
  States:
    End: {end}
"""
# One run each: moto gives every run that is started without a name the same one.
CHILDREN = {
    "sentinel-2-cog": "{Type: Succeed}",
    "landsat-c2": "{Type: Fail, Error: AssetMissing, Cause: the test says so}",
}


@dataclass(frozen=True)
class Project:
    """A project and the environment of its own, in which cirrus's command is installed."""

    folder: Path
    environment: Path

    @classmethod
    def create(cls, folder: Path) -> Project:
        """An empty folder, and an environment with everything of this one but the plugin."""
        project = cls(folder / "project", folder / "environment")
        project.folder.mkdir()
        subprocess.run(
            [sys.executable, "-m", "venv", "--without-pip", project.environment],
            check=True,
        )
        installed = folder / "installed"
        installed.mkdir()
        for path in Path(sysconfig.get_path("purelib")).iterdir():
            if not path.name.startswith(("cirrus_callbacks_plugin", "_editable", "_cirrus_")):
                (installed / path.name).symlink_to(path)
        (project.site_packages / "installed.pth").write_text(f"{installed}\n")
        return project

    @property
    def site_packages(self) -> Path:
        """Where the project's environment keeps its packages."""
        (found,) = self.environment.glob("lib/python*/site-packages")
        return found

    @property
    def build_dir(self) -> Path:
        """What ``cirrus build`` makes."""
        return self.folder / ".cirrus" / "build"

    def cirrus(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run cirrus's command in the project."""
        return self.run("cirrus.cli", *arguments)

    def run(self, module: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command of the project's environment, in the project."""
        environment = {name: value for name, value in os.environ.items() if "COV" not in name}
        environment["PYTHONWARNINGS"] = "ignore::UserWarning"  # cirrus imports pkg_resources
        return subprocess.run(
            [self.environment / "bin" / "python", "-m", module, *arguments],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def built(self) -> Path:
        """Run ``cirrus build``."""
        done = self.cirrus("build")
        assert done.returncode == 0, done.stderr
        return self.build_dir

    def add_workflows(self) -> None:
        """A parent and two children, and the flag of the children."""
        texts = {name: CHILD.format(name=name, end=end) for name, end in CHILDREN.items()}
        for name, text in {"mosaic": PARENT, **texts}.items():
            (self.folder / "workflows" / name).mkdir()
            (self.folder / "workflows" / name / "definition.yml").write_text(text)
        self.configure(f"workflows: [{', '.join(CHILDREN)}]")

    def configure(self, *lines: str) -> None:
        """Add settings to ``cirrus.yml``, whose last section is ``custom``."""
        path = self.folder / "cirrus.yml"
        text = path.read_text().partition("  callbacks:")[0]
        added = "".join(f"    {line}\n" for line in lines)
        path.write_text(f"{text.rstrip()}\n  callbacks:\n{added}" if lines else text)

    def install(self, wheels: Path) -> None:
        """Add the one line to the project's requirements, and install them."""
        requirements = self.folder / "requirements.txt"
        requirements.write_text("cirrus-callbacks-plugin\n")
        subprocess.run(
            [
                *(UV, "pip", "install", "--quiet", "--no-deps", "--no-index"),
                *("--find-links", wheels, "--python", self.environment / "bin" / "python"),
                *("--requirement", requirements),
            ],
            check=True,
        )


def wheel(folder: Path) -> Path:
    """A folder with the plugin's wheel."""
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "-d", folder]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return folder
