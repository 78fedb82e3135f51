#!/usr/bin/env bash
# Receiving from moto's SQS takes longer the more messages lie in the queue, for each message received.
#
# Guess: ReceiveMessage goes through the queue's messages once, whatever it returns.
# Seen: moto 5.2.5 asks for the queue's retention for each message that it returns, makes all
# attributes of the queue for it, three times, and three of those count all messages. Ten messages
# are received by 91 walks through the queue, so a queue of thousands is emptied in the square of
# their number.
# Needs python3 with venv, and a package index. Fails once moto does otherwise.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

python3 -m venv environment
environment/bin/pip install --quiet --disable-pip-version-check 'moto[sqs]==5.2.5'

cat > count.py <<'PYTHON'
import os

os.environ.update(
    AWS_DEFAULT_REGION="us-west-2", AWS_ACCESS_KEY_ID="testing", AWS_SECRET_ACCESS_KEY="testing"
)
import boto3
from moto import mock_aws
from moto.sqs.models import Queue, sqs_backends


class Messages(list):
    """The queue's messages, counting the walks through them."""

    walks = 0

    def __iter__(self):
        Messages.walks += 1
        return super().__iter__()


with mock_aws():
    sqs = boto3.client("sqs")
    url = sqs.create_queue(QueueName="queue")["QueueUrl"]
    for number in range(100):
        sqs.send_message(QueueUrl=url, MessageBody=str(number))
    queue: Queue = sqs_backends["123456789012"]["us-west-2"].queues["queue"]
    queue._messages = Messages(queue._messages)
    for asked in (1, 10):
        Messages.walks = 0
        received = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=asked)["Messages"]
        print(f"{len(received)} received: {Messages.walks} walks")
PYTHON
seen=$(environment/bin/python count.py)
echo "moto 5.2.5, a queue of 100 messages:"
echo "$seen"
[ "$seen" = $'1 received: 10 walks\n10 received: 91 walks' ] || { echo "moto does otherwise now" >&2; exit 1; }
echo "still so"
