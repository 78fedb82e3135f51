"""The flag of the workflow that is waited for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cirrus_callbacks_plugin.lint.examples import MESSAGE, wait
from cirrus_callbacks_plugin.lint.finding import Problem, Rule, Severity
from cirrus_callbacks_plugin.lint.join_requests import join_of, members_of
from cirrus_callbacks_plugin.lint.settings import LintSettings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cirrus_callbacks_plugin.asl.nodes import Node
    from cirrus_callbacks_plugin.lint.subject import Subject
    from cirrus_callbacks_plugin.lint.waits import WaitTask


def _check(subject: Subject) -> Iterator[Problem]:
    settings = subject.settings
    if settings.workflows is None or settings.all_workflows:
        return
    for each in subject.waits:
        for node in _workflows(each):
            name = node.text
            if name is None or node.is_later or name in settings.workflows or "{%" in name:
                continue
            named = ", ".join(sorted(settings.workflows)) or "none"
            yield Problem(
                f"waits for the workflow {name!r}, which may not be waited for (only {named})",
                "have it switched on (CIRRUS_CALLBACKS_WORKFLOWS of the sender; the Terraform "
                "module's workflows)",
                each.state.path,
                node.at,
            )


def _workflows(each: WaitTask) -> Iterator[Node]:
    """Where the message, or a member of its join, names a workflow in the definition."""
    places = each.places
    payload = places.body
    while places.member(payload, "Payload") is not None:
        payload = places.member(payload, "Payload")
    join = join_of(places)
    for one in members_of(join) if join is not None else (payload,):
        process = None if one is None else one.get("process")
        if process is not None and process.elements:
            process = process.elements[0]
        workflow = None if process is None else process.get("workflow")
        if workflow is not None:
            yield workflow


def _for(workflow: str) -> dict[str, object]:
    body = {
        "type": "FeatureCollection",
        "features.$": "$.features",
        "process": [{"workflow": workflow, "tasks": {}}],
    }
    message = {name: value for name, value in MESSAGE.items() if name != "MessageBody.$"}
    return {**message, "MessageBody": body}


RULE = Rule(
    id="workflow-flag",
    severity=Severity.ERROR,
    summary="The workflow that is waited for has its flag on.",
    why=(
        "Which workflows may be waited for is named one by one. A wait for another one is "
        "answered with `CirrusCallback.NotEnabled` at once. What is on is known with "
        "`--deployment` or `--workflows`; which workflow is waited for, where the message "
        "names it in the definition."
    ),
    settings=LintSettings(workflows=frozenset({"sentinel-2-cog"})),
    bad=wait(Parameters=_for("sentinel-2-cogs")),
    good=wait(Parameters=_for("sentinel-2-cog")),
    check=_check,
)
