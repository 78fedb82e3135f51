"""Cirrus workflow callbacks: a workflow that waits for other workflows.

A token's way through the package, from left to right::

    lambda_functions/  what AWS calls
    hooks/             around cirrus's own two handlers: register, settle
    carriers           where a token may travel; it is taken out here
    tokens, json_text  which token is usable; what a text holds that json.loads does not tell
    waits/             the tracking table: one row a wait
    rules              which run decides a row
    settle             from a payload's outcome to its open rows
    answer             from a settled row to SendTask*, and the mark
    cirrus/            what differs between cirrus's generations
    decisions          one log line for each decision, searchable by payload id
    operations/        what an on-call engineer does: look, repair, check
    cli/, local/       what people run: commands, and a Cirrus on their own machine
    lint/              state machines that wait, checked before they are deployed
    package/           zips for Lambda
    serverless/        what the builds of cirrus 0.x projects get
    graph/             who waits for whom, drawn
    config, errors     environment names, and error types that say what to do
"""
