"""The states that the Terraform module hands out to parent workflows, as Terraform writes them.

``parents.tf`` and its outputs need three values of the module and no provider: a root of their
own gives them within a second.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from support.terraform_cli import MODULE, Terraform

if TYPE_CHECKING:
    from pathlib import Path

FILMDROPS_QUEUE = "${CIRRUS_PROCESS_QUEUE_URL}"
QUEUE = "https://sqs.us-west-2.amazonaws.com/123456789012/fd-test-cirrus-process"
_GIVEN = f"""
locals {{
  partition         = "aws"
  process_queue_arn = "arn:aws:sqs:us-west-2:123456789012:fd-test-cirrus-process"
  process_queue_url = "{QUEUE}"
}}

variable "wait_timeout_seconds" {{
  type    = number
  default = 86400
}}
"""


def states(folder: Path, environment: dict[str, str]) -> dict[str, dict[str, Any]]:
    """Every state that the module puts out, or the states of a join, by the output's name."""
    source = (MODULE / "outputs.tf").read_text()
    outputs = re.findall(r'^output "\w+_states?_json" {\n.*?^}\n', source, re.DOTALL | re.MULTILINE)
    assert outputs
    text = "\n".join((_GIVEN, (MODULE / "parents.tf").read_text(), *outputs))
    (folder / "main.tf").write_text(text)
    terraform = Terraform(folder, environment)
    terraform.run("init", backend=False).ok()
    terraform.applied()
    return {name: json.loads(value) for name, value in terraform.outputs().items()}
