"""Comparing: which tracks sound alike, and how much more alike than chance explains.

`sample` says which words of a track are compared and in which form a pair is kept; `ready` makes tracks ready,
`kernels` compares them at every offset, `slopes` along slopes. `correlation` is the stage that goes through all pairs,
`memory` says how much may be done at once, `intervals` and `chunks` know what is done.
"""
