#!/usr/bin/env bash
# moto's server looks through the folders of its own package for each request.
#
# Guess: which service a request is for follows from its headers, and the services are listed once.
# Seen: moto 5.2.5 first compares the request's host with the names of the folders in its package,
# which it lists and asks about, one call of the file system each, at every request: some 200 for a
# message that is sent.
# Needs python3 with venv, and a package index. Fails once moto does otherwise.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

python3 -m venv environment
environment/bin/pip install --quiet --disable-pip-version-check 'moto[server,sqs]==5.2.5'

cat > count.py <<'PYTHON'
import os

os.environ.update(
    AWS_DEFAULT_REGION="us-west-2", AWS_ACCESS_KEY_ID="testing", AWS_SECRET_ACCESS_KEY="testing"
)
import boto3
import moto
from moto.server import ThreadedMotoServer

server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
try:
    host, port = server.get_host_and_port()
    sqs = boto3.client("sqs", endpoint_url=f"http://{host}:{port}")
    url = sqs.create_queue(QueueName="queue")["QueueUrl"]
    package, asked, isdir = os.path.dirname(moto.__file__), [], os.path.isdir

    def counted(path):
        if os.path.dirname(str(path)) == package:
            asked.append(path)
        return isdir(path)

    os.path.isdir = counted
    for number in range(3):
        asked.clear()
        sqs.send_message(QueueUrl=url, MessageBody=str(number))
        print("message", number, "folders looked at:", "over 150" if len(asked) > 150 else len(asked))
finally:
    server.stop()
PYTHON
seen=$(environment/bin/python count.py)
echo "moto 5.2.5, three messages sent to its server:"
echo "$seen"
[ "$(grep -c 'over 150' <<< "$seen")" = 3 ] || { echo "moto does otherwise now" >&2; exit 1; }
echo "still so"
