"""Reviewing pairs: verdicts and undo, sessions and their queues, decisions files.

What is stored, lowest first: :mod:`.texts` (what a verdict may hold), :mod:`.log` (changes),
:mod:`.review_fields` (a pair), :mod:`.writing` (a step), :mod:`.session_store` and
:mod:`.queue`. On these stand :mod:`.verdicts` and :mod:`.undoing`, :mod:`.sessions`,
:mod:`.decisions` and, for the panels, :mod:`.evidence` and :mod:`.summary`.
"""
