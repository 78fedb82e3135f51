"""Links into the AWS console."""

from __future__ import annotations

import re
from urllib.parse import quote

_HOSTS = {
    "aws": "console.aws.amazon.com",
    "aws-cn": "console.amazonaws.cn",
    "aws-us-gov": "console.amazonaws-us-gov.com",
}
_EXECUTION = re.compile(
    r"arn:(?P<partition>aws|aws-cn|aws-us-gov):states"
    r":(?P<region>[a-z]{2}(?:-[a-z]+){1,3}-[0-9]{1,2}):[0-9]{12}"
    r":execution:[^:]+:[^:]+",
)
"""https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsstepfunctions.html"""


def execution_link(execution_arn: str) -> str | None:
    """Where the console shows an execution.

    Returns:
        None for a text that is not the ARN of an execution: a parent may have told anything,
        and what stands where a region should would become the host that is linked to.
    """
    arn = _EXECUTION.fullmatch(execution_arn)
    if arn is None or not execution_arn.isprintable():
        return None
    region = arn["region"]
    path = f"states/home?region={region}#/v2/executions/details/{quote(execution_arn, safe=':')}"
    return f"https://{region}.{_HOSTS[arn['partition']]}/{path}"
