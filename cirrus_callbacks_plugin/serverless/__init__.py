"""Serverless projects of cirrus 0.x: what is added to what ``cirrus build`` makes.

``plugin`` is what cirrus itself finds by the group ``cirrus.resources``; ``patch`` does the
same to a build that was made without it. Both take every resource, function and permission
from ``template``, ``functions`` and ``permissions``.
"""
