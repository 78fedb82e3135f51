#!/usr/bin/env bash
# JSONata's $base64encode is lossy in the reference implementation, and two implementations differ.
#
# jsonata 2.0.6 (npm), the version that Step Functions implements, encodes the lowest byte of each
# UTF-16 unit: a euro sign comes back as a not sign, and "é" is its byte in Latin-1.
# jsonata-python 0.7.1 encodes UTF-8. So the local stack refuses text that is not ASCII.
# Needs node, npm, python3 with venv, and package registries. Fails once one of them does otherwise.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

npm install --silent --no-audit --no-fund jsonata@2.0.6
reference=$(node -e "
const jsonata = require('jsonata');
(async () => {
  for (const text of ['é', '€']) {
    const encoded = await jsonata('\$base64encode(text)').evaluate({text});
    const back = await jsonata('\$base64decode(encoded)').evaluate({encoded});
    console.log(text, encoded, back);
  }
})();
")
echo "jsonata 2.0.6 (npm): text, encoded, decoded again"
echo "$reference"

python3 -m venv environment
environment/bin/pip install --quiet --disable-pip-version-check jsonata-python==0.7.1
python=$(environment/bin/python -c "
from jsonata import Jsonata
for text in ('é', '€'):
    encoded = Jsonata('\$base64encode(text)').evaluate({'text': text})
    back = Jsonata('\$base64decode(encoded)').evaluate({'encoded': encoded})
    print(text, encoded, back)
")
echo "jsonata-python 0.7.1: text, encoded, decoded again"
echo "$python"

[ "$reference" = $'é 6Q== é\n€ rA== ¬' ] || { echo "npm's jsonata does otherwise now" >&2; exit 1; }
[ "$python" = $'é w6k= é\n€ 4oKs €' ] || { echo "jsonata-python does otherwise now" >&2; exit 1; }
echo "still so"
