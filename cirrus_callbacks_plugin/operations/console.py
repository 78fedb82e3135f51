"""Links into the AWS console."""

from __future__ import annotations

from urllib.parse import quote

_HOSTS = {
    "aws": "console.aws.amazon.com",
    "aws-cn": "console.amazonaws.cn",
    "aws-us-gov": "console.amazonaws-us-gov.com",
}


def execution_link(execution_arn: str) -> str | None:
    """Where the console shows an execution; None for an ARN that names no region."""
    parts = execution_arn.split(":")
    if len(parts) < 8 or parts[5] != "execution":  # noqa: PLR2004 - an execution's ARN
        return None
    host, region = _HOSTS.get(parts[1], _HOSTS["aws"]), parts[3]
    arn = quote(execution_arn, safe=":")
    return f"https://{region}.{host}/states/home?region={region}#/v2/executions/details/{arn}"
