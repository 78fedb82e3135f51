"""Do hooks, sender and reconciler understand one another's rows?

They are upgraded one after the other. What a function knows is told by the modules that its
code holds, not by a number: each of these came with what it stands for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cirrus_callbacks_plugin.operations.doctor.check import Check
from cirrus_callbacks_plugin.package.contents import plugin_version
from cirrus_callbacks_plugin.package.plugin import PACKAGE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cirrus_callbacks_plugin.operations.doctor.parts import Parts
    from cirrus_callbacks_plugin.package.archive import Files

AREA = "versions"
JOINS = "joins"
OPENS_JOINS = f"{PACKAGE}/joins/opening.py"
"""In hooks that put the rows of a join."""
KNOWS_JOINS = f"{PACKAGE}/joins/telling.py"
"""In a sender and a reconciler that answer it."""
PASSES_OVER = f"{PACKAGE}/waits/continuation.py"
"""In those that pass over reserved rows which they do not know; older ones answer them."""
_DO = (
    "build lambda_package again (`cirrus-callbacks package --sender`) and apply the Terraform "
    "module with it, or build and deploy the serverless project"
)


def versions(parts: Parts) -> Iterator[Check]:
    """Whether sender and reconciler are ready for the joins that the hooks open."""
    deployment = parts.deployment
    hooks = {
        "process": deployment.process_function,
        "update-state": deployment.update_state_function,
    }
    ours = {"sender": deployment.sender_function, "reconciler": deployment.reconciler_function}
    code = {which: _code(parts, name) for which, name in (hooks | ours).items()}
    known = {which: files for which, files in code.items() if files is not None}
    finding = ", ".join(f"{which} {plugin_version(files)}" for which, files in known.items())
    if not any(OPENS_JOINS in known[which] for which in hooks if which in known):
        if known.keys() == code.keys():
            yield Check(AREA, JOINS, True, f"the hooks open no joins ({finding})")
        return
    older = [which for which in ours if which in known and PASSES_OVER not in known[which]]
    without = [which for which in ours if which in known and KNOWS_JOINS not in known[which]]
    if older:
        finding = f"the hooks open joins, and {' and '.join(older)} would answer rows that are "
        finding += "not waits: parents would go on too early"
        yield Check(AREA, JOINS, False, finding, f"send no join till then: {_DO}")
    elif without:
        finding = f"the hooks open joins, which {' and '.join(without)} passes over ({finding})"
        yield Check(AREA, JOINS, False, finding, f"joins wait till then: {_DO}")
    elif all(which in known for which in ours):
        yield Check(AREA, JOINS, True, f"sender and reconciler answer joins ({finding})")


def _code(parts: Parts, name: str | None) -> Files | None:
    """A function's code, where the plugin is in its own zip."""
    configuration = parts.function(name)
    if configuration is None or name is None or configuration.get("PackageType") == "Image":
        return None
    files = parts.files_of(name)
    return files if plugin_version(files) else None
