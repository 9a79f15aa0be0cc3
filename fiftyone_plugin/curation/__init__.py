"""Reviewing pairs: verdicts and undo, sessions and their queues, decisions files.

What is stored, lowest first: :mod:`.texts` (what a verdict may hold), :mod:`.log` (changes),
:mod:`.review_fields` (a pair, and a change of it), :mod:`.changing` (of many), :mod:`.queue` and
:mod:`.mask_replacement`. On these stand
:mod:`.opinions` (what each reviewer decided), :mod:`.verdicts`, :mod:`.selection` and
:mod:`.sessions`, :mod:`.sharing` and :mod:`.second_opinions`, :mod:`.decisions` and :mod:`.merging`
and, for the panels, :mod:`.evidence` with :mod:`.highlights` and :mod:`.text_views`,
:mod:`.summary` and :mod:`.team`.
"""
