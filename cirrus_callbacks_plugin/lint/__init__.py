"""State machines that wait, checked before they are deployed.

From left to right::

    (cirrus_callbacks_plugin.asl: a file's state machines, with positions)
    tokens, waits              which states wait for a payload, and where their token travels
    join_requests              what a wait for many asks for
    paths_as_text              what of it was meant to be computed, and is not
    reactions                  who retries or catches an error
    data/                      where a machine's data goes, and where a payload is lost
    rules/                     one module a rule, each with a bad and a good example
    inspection                 files in, findings out
    sarif                      findings for code review
"""
