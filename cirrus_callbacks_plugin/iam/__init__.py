"""What the four functions have to be allowed, and what a policy document allows.

``permissions`` is the one list: ``doctor`` looks for each of its entries, the Serverless builds
grant them, and the tests compare the Terraform module's policies with it. ``documents``
evaluates policies. Neither knows Terraform, CloudFormation or a client of AWS.
"""
