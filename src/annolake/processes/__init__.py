"""Start, watch and stop the processes of a local Annolake: service, Airflow, dashboards.

`lock` keeps two runs apart on one state folder, `ports` looks before anything starts, `child` is one process in its
own session, `reaper` ends what is left however the parent went, `stack` holds them together, `parts` says what a
part is made of, `up` is the command. `asked` is a child that answers JSON lines, for media and functions.
"""
