"""Carrying a reviewer through the pairs: verdicts, undo, audit log, decisions file."""
