"""What the States Language says of paths, intrinsics and comparisons, as functions of JSON.

Sources: the specification (https://states-language.net/spec.html), AWS's developer guide,
and the JSONPath that the specification names (https://github.com/json-path/JsonPath).
Nothing here knows moto; ``moto_corrections`` puts these functions into its interpreter.
"""
