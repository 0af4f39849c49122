"""What Airflow needs of Annolake: settings, the DAGs' shared defaults and tasks, the deferrable wait, a REST client."""
