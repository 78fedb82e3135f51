"""Cirrus workflow callbacks: a workflow that waits for other workflows.

A token's way through the package, from left to right::

    lambda_functions/  what AWS calls: four thin handlers, their clients, logs, metrics
    hooks/             the steps around cirrus's process and update-state: register, settle
    carriers/          where a token may travel; a token is taken out here
    waits/             the tracking table: rows, what the lambdas write, what operators read
    cirrus/            what differs between cirrus's generations; cirrus's state table
    protocol/          from an outcome to an answer: rules, settle, answer, error names, log
    sender/            a batch of the table's stream, its filters, the failure destination
    reconcile/         what AWS lost: which case a row is in, passes over the open rows
    joins/             one token that waits for many payloads: the request, its members, the answer

What people run::

    cli/               the commands, and the same below cirrus's own command
    demo/              what `cirrus-callbacks demo` plays, and how it is judged
    testing/           the pytest fixture `cirrus_stack`: tests of one's own workflows
    operations/        what an on-call engineer does: look, repair, check
    graph/             who waits for whom, drawn
    lint/              state machines that wait, checked before they are deployed
    local/             a Cirrus deployment on one's own machine
    package/           zips for Lambda
    serverless/        what the builds of cirrus 0.x projects get

What all of them stand on::

    asl/               a state machine's definition with positions: JSON, YAML, templates
    aws/               batch reads, pages, calls side by side, deadlines, pacing, error codes
    iam/               what the four functions have to be allowed; what a policy allows
    config             environment names and defaults
    contract           names and limits that several layers share
    naming             payload ids as people read them
    errors             error types that say what to do

The contracts in pyproject.toml (import-linter) pin who may import whom.
"""
