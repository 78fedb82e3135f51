"""The part of ``make lint`` that needs Terraform: format and validity of module and examples.

With ``--skipped`` it only says why the Terraform tests were skipped, where they were.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.terraform_cli import REPOSITORY, Terraform, environment, why_not, working_copy

_ROOTS = ("terraform", "examples/existing-deployment", "examples/complete")


def main(arguments: list[str]) -> int:
    """Lint; 0 where nothing is wrong or Terraform is missing, which is said."""
    reason = why_not()
    if reason is not None:
        sys.stdout.write(
            f"SKIPPED the Terraform {'checks' if not arguments else 'tests'}: {reason}\n"
        )
        return 0
    if arguments == ["--skipped"]:
        return 0
    failed = False
    variables = environment()
    for folder in ("terraform", "examples"):
        formatted = Terraform(REPOSITORY / folder, variables).run(
            "fmt",
            "-check",
            "-recursive",
            no_color=None,
        )
        for name in formatted.out.split():
            failed = True
            sys.stdout.write(f"{folder}/{name}: run terraform fmt\n")
    with tempfile.TemporaryDirectory() as copied:
        working_copy(Path(copied))
        for root in _ROOTS:
            terraform = Terraform(Path(copied) / root, variables)
            terraform.start()
            validated = terraform.run("validate")
            if validated.code:
                failed = True
                sys.stdout.write(f"{root}:\n{validated.text}\n")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
