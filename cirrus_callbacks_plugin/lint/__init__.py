"""State machines that wait, checked before they are deployed.

From left to right::

    json_source, yaml_source   a file's text as nodes that know their line
    document                   the state machines in a file
    machine                    their states, and how one leads to another
    waits                      which states wait for a payload, and where their token travels
    reactions                  who retries or catches an error
    rules/                     one module a rule, each with a bad and a good example
    inspection                 files in, findings out
    sarif                      findings for code review
"""
