"""The checks, one file each, or one for a few that are alike."""
