#!/usr/bin/env bash
# Cirrus builds two S3 clients for each payload that it uploads, one of them for nothing.
#
# Guess: one client a process, since cirrus.lib.utils.get_client keeps those that it builds.
# Seen: cirrus-geo 2.0.0 uploads through boto3-utils 0.4.2, whose s3() builds a client each time.
# For a payload without a `url` it first makes one to read the `url`, and only then finds
# none. A client takes 10 to 30 ms of a whole core, a lambda of 256 MB has a seventh of one.
# Needs Python 3.12, python3 with venv, and a package index. Fails once cirrus does otherwise.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

python3 -m venv tools
tools/bin/pip install --quiet --disable-pip-version-check uv==0.13.9
echo 3.12 > .python-version # pyenv finds interpreters by it
tools/bin/uv venv --quiet --python 3.12 environment
tools/bin/uv pip install --quiet --python environment/bin/python cirrus-geo==2.0.0 \
  boto3-utils==0.4.2 'moto[s3,sts]==5.2.5'

cat > count.py <<'PYTHON'
import os

os.environ.update(
    AWS_DEFAULT_REGION="us-west-2",
    AWS_ACCESS_KEY_ID="testing",
    AWS_SECRET_ACCESS_KEY="testing",
    CIRRUS_PAYLOAD_BUCKET="payloads",
)
from unittest import mock

import boto3
from botocore.session import Session
from moto import mock_aws

with mock_aws():
    boto3.client("s3").create_bucket(
        Bucket="payloads", CreateBucketConfiguration={"LocationConstraint": "us-west-2"}
    )
    from cirrus.lib.payload_bucket import PayloadBucket

    built = []
    create = Session.create_client

    def counting(self, service_name, *given, **named):
        built.append(service_name)
        return create(self, service_name, *given, **named)

    with mock.patch.object(Session, "create_client", counting):
        bucket = PayloadBucket(bucket_name="payloads")
        for number in range(3):
            bucket.upload_input_payload({"id": f"a/workflow-b/{number}"}, f"a/workflow-b/{number}", "run")
print(f"3 payloads uploaded: {len(built)} clients, of {', '.join(sorted(set(built)))}")
PYTHON
seen=$(environment/bin/python count.py 2>/dev/null)
echo "cirrus-geo 2.0.0: $seen"
[ "$seen" = "3 payloads uploaded: 6 clients, of s3" ] || { echo "cirrus does otherwise now" >&2; exit 1; }
echo "still so"
