"""The four functions, as Serverless configures a function.

``process`` and ``update-state`` stay cirrus's; only their handler becomes the wrapped one,
which finds cirrus's by ``CIRRUS_CALLBACKS_..._HANDLER``.
"""

from __future__ import annotations

import copy
import re
from typing import TYPE_CHECKING, Any

from cirrus_callbacks_plugin import config
from cirrus_callbacks_plugin.cirrus.handlers import BESIDE, VARIABLES
from cirrus_callbacks_plugin.serverless import joins, names, permissions, template

if TYPE_CHECKING:
    from cirrus_callbacks_plugin.serverless.settings import ServerlessSettings

Function = dict[str, Any]

RUNTIME = "python3.12"
"""Where the project's runtime is older than the plugin's oldest Python."""

SENDER_MEMORY, SENDER_TIMEOUT = 256, 60
RECONCILER_MEMORY, RECONCILER_TIMEOUT = 512, 300
LOG_RETENTION_DAYS = 30
# Serverless makes a role's name of service, stage, function and region, and refuses more than
# the 64 characters that IAM takes: ours must not be the first to be too long.
_ROLE = "${{self:service}}-${{self:provider.stage}}-{}-${{self:provider.region}}"
SENDER_ROLE, RECONCILER_ROLE = _ROLE.format("cb-sender"), _ROLE.format("cb-reconciler")
HANDLER = "lambda_function.lambda_handler"

_OLDEST_PYTHON = (3, 10)
_HANDLER_FILE = '''\
"""{title}"""

from cirrus_callbacks_plugin.lambda_functions.{module} import lambda_handler

__all__ = ["lambda_handler"]
'''


def wrapper(hook: str) -> str:
    """The module of a wrapped handler, beside cirrus's own in the function's folder."""
    return f"callbacks_{hook}"


def wrapper_file(hook: str) -> str:
    """What stands in it."""
    title = f"Cirrus's {names.WRAPPED[hook]} with the hooks of cirrus-callbacks-plugin around it."
    return _HANDLER_FILE.format(title=title, module=hook)


def file_of(handler: str) -> str:
    """The file that a handler names, relative to its function's folder."""
    return f"{handler.rpartition('.')[0]}.py"


def wrapped_handler(function: Function, hook: str) -> str:
    """Which handler a wrapped function wraps, as the wrapper finds it."""
    given = function["environment"].get(VARIABLES[hook])
    return str(given or BESIDE[hook])


def needed(hook: str) -> list[permissions.Statement]:
    """What a hook needs beyond cirrus's own permissions."""
    return permissions.OF_HOOKS[hook]()


def own_file(name: str) -> str:
    """``lambda_function.py`` of the sender or the reconciler."""
    module = name.removeprefix("callbacks-")
    return _HANDLER_FILE.format(title=f"The {module} of cirrus-callbacks-plugin.", module=module)


def wrap(function: Function, hook: str, runtime: Any, *, by_hand: bool = False) -> Function:
    """Cirrus's function with the wrapped handler; one that has it already stays as it is.

    Args:
        function: what is configured under ``lambda`` in its definition, or for it in the
            built ``serverless.yml``.
        hook: ``process`` or ``update_state``.
        runtime: the project's.
        by_hand: its own handler hands on to the wrapped one, and stays.
    """
    wrapped = copy.deepcopy(function)
    handler = f"{wrapper(hook)}.lambda_handler"
    environment = {**(wrapped.get("environment") or {}), config.TABLE: {"Ref": names.TABLE}}
    if not by_hand and wrapped["handler"] != handler:
        environment[VARIABLES[hook]] = wrapped["handler"].replace("/", ".")
        wrapped["handler"] = handler
    wrapped["environment"] = environment
    return allow(run(wrapped, runtime), hook)


def allow(function: Function, hook: str) -> Function:
    """A function with the statements that a hook needs, in the place of older ones.

    A function that has no statements of its own keeps the project's beside them. One with a
    ``role`` of its own stays as it is: Serverless takes only one of the two.
    """
    if "role" in function:
        return function
    wanted = needed(hook)
    ours = {statement["Sid"] for statement in wanted}
    present = function.get("iamRoleStatements")
    kept = [statement for statement in present or [] if statement.get("Sid") not in ours]
    inherited = {} if present is not None else {"iamRoleStatementsInherit": True}
    return {**function, **inherited, "iamRoleStatements": [*kept, *wanted]}


def run(function: Function, runtime: Any) -> Function:
    """A function on a Python that the plugin runs on; one that has such a runtime keeps it."""
    if is_too_old(function.get("runtime") or runtime):
        return {**function, "runtime": RUNTIME}
    return function


def is_too_old(runtime: Any) -> bool:
    """True for a Python that the plugin does not run on; a variable is taken to be new."""
    match = re.fullmatch(r"python(\d+)\.(\d+)", str(runtime))
    return match is not None and (int(match[1]), int(match[2])) < _OLDEST_PYTHON


def sender(settings: ServerlessSettings, runtime: Any) -> Function:
    """The sender."""
    return run(
        {
            "description": "Answers workflows that wait for others",
            "handler": HANDLER,
            "memorySize": SENDER_MEMORY,
            "timeout": SENDER_TIMEOUT,
            "logRetentionInDays": LOG_RETENTION_DAYS,
            "environment": {
                config.TABLE: {"Ref": names.TABLE},
                **settings.sender,
                **_joins(settings),
            },
            "iamRoleStatementsName": SENDER_ROLE,
            "iamRoleStatements": permissions.of_sender(settings),
        },
        runtime,
    )


def reconciler(settings: ServerlessSettings, runtime: Any) -> Function:
    """The reconciler; a pass that failed is made good by the next one."""
    return run(
        {
            "description": "Mends waits whose end was lost",
            "handler": HANDLER,
            "memorySize": RECONCILER_MEMORY,
            "timeout": RECONCILER_TIMEOUT,
            "logRetentionInDays": LOG_RETENTION_DAYS,
            "maximumEventAge": template.START_MAXIMUM_AGE_SECONDS,
            "maximumRetryAttempts": 0,
            "environment": {
                config.TABLE: {"Ref": names.TABLE},
                **settings.reconciler,
                config.FAILURES_URL: template.failures_url(),
                **_joins(settings),
            },
            "iamRoleStatementsName": RECONCILER_ROLE,
            "iamRoleStatements": permissions.of_reconciler(settings),
        },
        runtime,
    )


def _joins(settings: ServerlessSettings) -> dict[str, Any]:
    url = joins.url(settings)
    return {} if url is None else {config.JOINS_URL: url}


def own_functions(settings: ServerlessSettings, runtime: Any) -> dict[str, Function]:
    """Sender and reconciler by name."""
    return {
        names.SENDER: sender(settings, runtime),
        names.RECONCILER: reconciler(settings, runtime),
    }
