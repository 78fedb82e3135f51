"""JSONata as Step Functions evaluates it: the library's evaluator, held to the reference.

Step Functions implements JSONata 2.0.6 without ``$eval`` and with six functions of its own
(https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html). The parser and
the evaluator are jsonata-python's. Where that library differs from the reference
implementation (the ``jsonata`` package of npm, 2.0.6), this package puts the reference's
behaviour in its place.
"""
