"""Clients that are built once."""

from __future__ import annotations

import boto3
from botocore.config import Config

from cirrus_callbacks_plugin.local.clients import clients_kept


def test_each_client_is_built_once_for_each_set_of_arguments() -> None:
    """The same arguments mean the same client; others, or the block's end, another one."""
    original = boto3.client
    with clients_kept():
        first = boto3.client("s3", region_name="us-west-2")
        assert boto3.client("s3", region_name="us-west-2") is first
        assert boto3.client("s3", "us-west-2") is not first
        assert boto3.client("s3", region_name="eu-west-1") is not first
        assert boto3.client("sqs", region_name="us-west-2") is not first
        patient = boto3.client("s3", config=Config(read_timeout=5))
        assert boto3.client("s3", config=Config(read_timeout=5)) is patient
        assert boto3.client("s3", config=Config(read_timeout=6)) is not patient
    assert boto3.client is original
    assert boto3.client("s3", region_name="us-west-2") is not first
