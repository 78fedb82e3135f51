"""Sender and reconciler: there, for this table, fed, scheduled, and running well."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin import config
from cirrus_callbacks_plugin.contract import RECONCILER, SENDER
from cirrus_callbacks_plugin.operations.doctor.check import APPLY, Check
from cirrus_callbacks_plugin.sender import filters

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cirrus_callbacks_plugin.operations.doctor.parts import Parts

UPDATE_STATE = "update-state"
ENDS = "ends"
_DAY = timedelta(days=1)
_HOUR = timedelta(hours=1)


def function(parts: Parts, area: str, name: str | None) -> Iterator[Check]:
    """A function is there, active, and for this deployment's tables."""
    configuration = parts.function(name)
    if configuration is None:
        finding = f"there is no function {name}" if name else "its name is not known"
        yield Check(area, "function", False, finding, APPLY if name else "give --deployment")
        return
    state, update = (
        configuration.get("State", "Active"),
        configuration.get("LastUpdateStatus", "Successful"),
    )
    well = state in ("Active", "Inactive") and update != "Failed"
    finding = f"{name} is {state}" + ("" if update == "Successful" else f", its update {update}")
    do = (
        None
        if well
        else f"see why: {configuration.get('StateReason') or 'the Lambda console tells'}"
    )
    yield Check(area, "function", well, finding, do)
    tables = parts.deployment.tables
    variables = parts.variables(configuration)
    names = (variables.get(config.STATE_DB), variables.get(config.TABLE))
    well = names == (tables.state, tables.callbacks)
    yield Check(
        area,
        "tables",
        well,
        f"it works on {names[0]} and {names[1]}",
        None if well else f"those of this deployment are {tables.state} and {tables.callbacks}",
    )


def mapping(parts: Parts) -> Iterator[Check]:
    """The stream feeds the sender, through the filters that the flag calls for."""
    table = parts.table(parts.deployment.tables.callbacks)
    sender = parts.function(parts.deployment.sender_function)
    if table is None or sender is None:
        return
    arn = table.get("LatestStreamArn")
    fed = parts.fed_by(arn, sender["FunctionArn"]) if arn else []
    if not fed:
        finding = "no event source mapping leads from the table's stream to it"
        yield Check(SENDER, "mapping", False, finding, APPLY)
        return
    source_mapping = fed[0]
    enabled = source_mapping.get("State", "Enabled") in (
        "Enabled",
        "Enabling",
        "Updating",
        "Creating",
    )
    last = source_mapping.get("LastProcessingResult")
    yield Check(
        SENDER,
        "mapping",
        enabled,
        f"the mapping is {source_mapping.get('State')}"
        + (f", last result: {last}" if last else ""),
        None if enabled else "enable the event source mapping: nothing is answered meanwhile",
    )
    yield _filters(parts, source_mapping, sender)
    partial = "ReportBatchItemFailures" in source_mapping.get("FunctionResponseTypes", [])
    finding = "failed records come again alone" if partial else "one failed record holds up all"
    do = None if partial else "set ReportBatchItemFailures on the mapping"
    yield Check(SENDER, "partial batches", partial, finding, do)
    destination = (
        source_mapping.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination")
    )
    yield Check(
        SENDER,
        "on-failure destination",
        bool(destination),
        f"records it gives up go to {destination}" if destination else "there is none",
        None if destination else APPLY,
    )


def _filters(parts: Parts, source_mapping: dict[str, Any], sender: dict[str, Any]) -> Check:
    flag = config.EnabledWorkflows.from_env(parts.variables(sender))
    wanted = [_text(each) for each in filters.filter_patterns(flag)]
    there = [
        _text(json.loads(each["Pattern"]))
        for each in (source_mapping.get("FilterCriteria") or {}).get("Filters", [])
    ]
    names = "every workflow" if flag.names is None else ", ".join(sorted(flag.names)) or "none"
    if sorted(wanted) == sorted(there):
        return Check(SENDER, "filters", True, f"the filters are those of the flag ({names})")
    finding = f"the filters are not those of the flag ({names}): {'; '.join(there) or 'none'}"
    return Check(SENDER, "filters", False, finding, f"{APPLY}; wanted: {'; '.join(wanted)}")


def _text(pattern: Any) -> str:
    return json.dumps(pattern, sort_keys=True, separators=(",", ":"))


def schedule(parts: Parts) -> Iterator[Check]:
    """A rule starts the reconciler."""
    configuration = parts.function(parts.deployment.reconciler_function)
    if configuration is None:
        return
    events = parts.deployment.client("events")
    names = events.list_rule_names_by_target(TargetArn=configuration["FunctionArn"])["RuleNames"]
    rules = [events.describe_rule(Name=name) for name in names]
    on = [rule for rule in rules if rule.get("State") == "ENABLED"]
    if on:
        finding = ", ".join(f"{rule['Name']}: {rule.get('ScheduleExpression')}" for rule in on)
        yield Check(RECONCILER, "schedule", True, finding)
        return
    finding = f"its rule {names[0]} is disabled" if names else "no rule starts it"
    do = "enable it (reconciler.enabled)" if names else APPLY
    yield Check(RECONCILER, "schedule", False, finding, f"{do}: lost ends are not repaired")


def ends(parts: Parts) -> Iterator[Check]:
    """Rules bring the ends of executions to cirrus's update-state.

    Nothing is said where no rule has it for its target: an alias or a queue may be between.
    """
    name = parts.deployment.update_state_function
    configuration = parts.function(name)
    if configuration is None:
        return
    events = parts.deployment.client("events")
    names = events.list_rule_names_by_target(TargetArn=configuration["FunctionArn"])["RuleNames"]
    rules = [events.describe_rule(Name=each) for each in names]
    off = [rule["Name"] for rule in rules if rule.get("State") == "DISABLED"]
    if not rules:
        return
    if len(off) < len(rules):
        yield Check(UPDATE_STATE, ENDS, True, f"{', '.join(names)} brings ends to {name}")
        return
    finding = f"its rule {', '.join(off)} is disabled: no end of an execution reaches {name}"
    yield Check(UPDATE_STATE, ENDS, False, finding, "enable it: every payload stays PROCESSING")


def last_runs(parts: Parts, area: str, name: str | None) -> Iterator[Check]:
    """What CloudWatch says of the last day, and of the reconciler's last hour."""
    if name is None or parts.function(name) is None:
        return
    runs, errors = (_sum(parts, name, metric, _DAY) for metric in ("Invocations", "Errors"))
    finding = f"{runs:g} runs in the last day, {errors:g} failed"
    do = f"look at the log /aws/lambda/{name}" if errors else None
    late = False
    if area == RECONCILER:
        recent = _sum(parts, name, "Invocations", _HOUR)
        late, finding = not recent, f"{finding}; {recent:g} in the last hour"
    if late:
        do = "it should run every few minutes: look at its schedule and its log"
    yield Check(area, "last runs", not (errors or late), finding, do)


def _sum(parts: Parts, function: str, metric: str, span: timedelta) -> float:
    now = parts.deployment.clock()
    response = parts.deployment.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/Lambda",
        MetricName=metric,
        Dimensions=[{"Name": "FunctionName", "Value": function}],
        StartTime=now - span,
        EndTime=now,
        Period=int(span.total_seconds()),
        Statistics=["Sum"],
    )
    return float(sum(point["Sum"] for point in response["Datapoints"]))
