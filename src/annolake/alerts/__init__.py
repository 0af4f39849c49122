"""Alerts: rules in SQL over the latest release, noted once an episode in `meta.alert`, told over the channels set up.

`rules` reads `sql/alerts`, `findings` evaluates them, `episodes` decides what was raised and cleared, `deliver` tells.
`watch.watch` does all of it; `docs/alerts.md` says what is promised.
"""
