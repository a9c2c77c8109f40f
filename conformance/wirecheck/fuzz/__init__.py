"""Searching for what a reader gets wrong: strategies over what `sample` and `walk` describe, and proof of their labels.

Law: what is valid is described below, once; here Hypothesis makes the choices, and what calls itself invalid is shown
to be so by somebody else.
"""
